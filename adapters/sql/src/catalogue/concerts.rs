//! Concerts, with their performances.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use onsale_application::ports::{
    ConcertChange, ConcertFilter, ConcertListing, Context, EditError, OperatorActionKind, Page,
};
use onsale_domain::concert::Concert;
use onsale_domain::ids::ConcertId;
use onsale_domain::performance::Performance;

use super::edit::{Edit, EditFailure};
use super::journal::Line;
use super::performances;
use crate::database::{Row, SqlError, Statement, Transaction, Value};

const COLUMNS: &str = "concert_id, title, description, image_url, venue";

/// A concert to add.
pub(super) struct AddConcert<'a> {
    pub(super) concert: Concert,
    pub(super) context: &'a Context,
}

#[async_trait]
impl Edit for AddConcert<'_> {
    type Outcome = ();

    async fn apply(&self, transaction: &mut Transaction) -> Result<((), Line), EditFailure> {
        let concert = &self.concert;
        let text = "INSERT INTO concerts (concert_id, title, description, image_url, venue, search_text, created_at) \
                    VALUES (?, ?, ?, ?, ?, ?, ?)";
        let statement = Statement::new(text)
            .bind(concert.id)
            .bind(concert.title.as_str())
            .bind(concert.description.as_deref())
            .bind(concert.image_url.as_deref())
            .bind(concert.venue.as_str())
            .bind(search_text(concert))
            .bind(self.context.now());
        transaction.execute(statement).await?;
        Ok(((), Line::added(OperatorActionKind::ConcertCreated, concert.id.0, concert)))
    }
}

/// A concert to change.
pub(super) struct ChangeConcert {
    pub(super) id: ConcertId,
    pub(super) change: ConcertChange,
}

#[async_trait]
impl Edit for ChangeConcert {
    type Outcome = Concert;

    async fn apply(&self, transaction: &mut Transaction) -> Result<(Concert, Line), EditFailure> {
        let before = lock(transaction, self.id).await?.ok_or(EditError::UnknownConcert)?;
        let after = self.change.clone().applied_to(before.clone()).checked().map_err(EditError::from)?;
        let text = "UPDATE concerts SET title = ?, description = ?, image_url = ?, venue = ?, search_text = ? \
                    WHERE concert_id = ?";
        let statement = Statement::new(text)
            .bind(after.title.as_str())
            .bind(after.description.as_deref())
            .bind(after.image_url.as_deref())
            .bind(after.venue.as_str())
            .bind(search_text(&after))
            .bind(after.id);
        transaction.execute(statement).await?;
        let line = Line::changed(OperatorActionKind::ConcertChanged, self.id.0, &before, &after);
        Ok((after, line))
    }
}

async fn lock(transaction: &mut Transaction, id: ConcertId) -> Result<Option<Concert>, SqlError> {
    let text = format!("SELECT {COLUMNS} FROM concerts WHERE concert_id = ?{}", transaction.dialect().for_update());
    transaction.fetch_optional(Statement::new(text).bind(id)).await?.as_ref().map(concert).transpose()
}

/// Whether there is such a concert.
pub(super) async fn exists(transaction: &mut Transaction, id: ConcertId) -> Result<bool, SqlError> {
    let statement = Statement::new("SELECT 1 FROM concerts WHERE concert_id = ?").bind(id);
    Ok(transaction.fetch_optional(statement).await?.is_some())
}

/// What a search looks at. It is folded here, because the two databases fold letters beyond ASCII differently.
fn search_text(concert: &Concert) -> String {
    format!("{}\n{}", concert.title, concert.venue).to_lowercase()
}

/// A concert with its performances.
pub(super) async fn load(
    transaction: &mut Transaction,
    id: ConcertId,
) -> Result<Option<Arc<ConcertListing>>, SqlError> {
    let statement = Statement::new(format!("SELECT {COLUMNS} FROM concerts WHERE concert_id = ?")).bind(id);
    let Some(row) = transaction.fetch_optional(statement).await? else { return Ok(None) };
    let listings = with_performances(transaction, vec![concert(&row)?]).await?;
    Ok(listings.into_iter().next())
}

/// The concerts that `filter` asks for, newest first, with their performances.
pub(super) async fn list(
    transaction: &mut Transaction,
    filter: &ConcertFilter,
) -> Result<Page<Arc<ConcertListing>, ConcertId>, SqlError> {
    let (condition, values) = conditions(filter);
    let text = format!("SELECT {COLUMNS} FROM concerts {condition} ORDER BY concert_id DESC LIMIT ?");
    let statement = Statement::new(text).bind_all(values).bind(i64::from(filter.limit) + 1);
    let rows = transaction.fetch_all(statement).await?;
    let mut concerts = rows.iter().map(concert).collect::<Result<Vec<_>, _>>()?;
    let more = concerts.len() > filter.limit as usize;
    concerts.truncate(filter.limit as usize);
    let next = concerts.last().filter(|_| more).map(|concert| concert.id);
    Ok(Page { items: with_performances(transaction, concerts).await?, next })
}

fn conditions(filter: &ConcertFilter) -> (String, Vec<Value>) {
    let mut conditions = Vec::new();
    let mut values = Vec::new();
    if let Some(before) = filter.before {
        conditions.push("concert_id < ?".to_owned());
        values.push(before.into());
    }
    if let Some(text) = &filter.text {
        conditions.push("INSTR(search_text, ?) > 0".to_owned()); // not LIKE, so that nothing needs escaping
        values.push(text.trim().to_lowercase().into());
    }
    let mut moments = String::new();
    for (moment, comparison) in [(filter.from, " AND p.starts_at >= ?"), (filter.to, " AND p.starts_at < ?")] {
        if let Some(moment) = moment {
            moments.push_str(comparison);
            values.push(moment.into());
        }
    }
    if !moments.is_empty() {
        conditions
            .push(format!("EXISTS (SELECT 1 FROM performances p WHERE p.concert_id = concerts.concert_id{moments})"));
    }
    let clause = if conditions.is_empty() { String::new() } else { format!("WHERE {}", conditions.join(" AND ")) };
    (clause, values)
}

async fn with_performances(
    transaction: &mut Transaction,
    concerts: Vec<Concert>,
) -> Result<Vec<Arc<ConcertListing>>, SqlError> {
    let ids: Vec<ConcertId> = concerts.iter().map(|concert| concert.id).collect();
    let mut of_concert: HashMap<ConcertId, Vec<Arc<Performance>>> = HashMap::new();
    for performance in performances::of_concerts(transaction, &ids).await? {
        of_concert.entry(performance.concert).or_default().push(Arc::new(performance));
    }
    let listing = |concert: Concert| {
        let performances = of_concert.remove(&concert.id).unwrap_or_default();
        Arc::new(ConcertListing { concert, performances })
    };
    Ok(concerts.into_iter().map(listing).collect())
}

fn concert(row: &Row) -> Result<Concert, SqlError> {
    Ok(Concert {
        id: row.get(0)?,
        title: row.get(1)?,
        description: row.get(2)?,
        image_url: row.get(3)?,
        venue: row.get(4)?,
    })
}
