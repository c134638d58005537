//! Performances and their price categories.

use std::collections::HashMap;

use async_trait::async_trait;
use onsale_application::ports::{Context, EditError, OperatorActionKind, PerformanceChange};
use onsale_domain::ids::{CategoryId, ConcertId, PerformanceId};
use onsale_domain::money::Amount;
use onsale_domain::performance::{CategoryKind, Performance, PricedCategory, SalesStatus};

use super::edit::{Edit, EditFailure};
use super::journal::Line;
use super::{allotments, parsed};
use crate::database::{Row, SizedText, SqlError, Statement, Transaction, in_list};

const COLUMNS: &str = "p.performance_id, p.concert_id, p.starts_at, p.time_zone, p.venue, p.plan_id, p.sales_open_at, \
                       p.sales_close_at, p.refundable_until, p.hold_seconds, p.max_seats_per_customer, p.currency, \
                       p.status";
const CATEGORY_COLUMNS: &str =
    "c.performance_id, c.category_id, c.name, c.color, c.price, c.kind, a.capacity, a.area_no";
const CATEGORIES: &str = "performance_categories c LEFT JOIN allotments a \
                          ON a.performance_id = c.performance_id AND a.category_no = c.position";

/// A performance with its categories, as `transaction` sees it.
pub(crate) async fn load_performance(
    transaction: &mut Transaction,
    id: PerformanceId,
) -> Result<Option<Performance>, SqlError> {
    let text = format!("SELECT {COLUMNS} FROM performances p WHERE p.performance_id = ?");
    let Some(row) = transaction.fetch_optional(Statement::new(text).bind(id)).await? else { return Ok(None) };
    let text = format!("SELECT {CATEGORY_COLUMNS} FROM {CATEGORIES} WHERE c.performance_id = ? ORDER BY c.position");
    let rows = transaction.fetch_all(Statement::new(text).bind(id)).await?;
    let categories = rows.iter().map(category).collect::<Result<_, _>>()?;
    Ok(Some(Performance { categories, ..performance(&row)? }))
}

pub(super) static CATEGORIES_OF_CONCERTS: SizedText = SizedText::new(|_, size| {
    format!(
        "SELECT {CATEGORY_COLUMNS} FROM {CATEGORIES} \
         JOIN performances p ON p.performance_id = c.performance_id \
         WHERE p.concert_id IN {} ORDER BY c.performance_id, c.position",
        in_list(size)
    )
});

pub(super) static OF_CONCERTS: SizedText = SizedText::new(|_, size| {
    format!(
        "SELECT {COLUMNS} FROM performances p WHERE p.concert_id IN {} ORDER BY p.starts_at, p.performance_id",
        in_list(size)
    )
});

/// The performances of `concerts`, in two statements however many there are; those of one concert by date.
pub(super) async fn of_concerts(
    transaction: &mut Transaction,
    concerts: &[ConcertId],
) -> Result<Vec<Performance>, SqlError> {
    let mut categories: HashMap<PerformanceId, Vec<PricedCategory>> = HashMap::new();
    for row in transaction.fetch_by_keys(&CATEGORIES_OF_CONCERTS, &[], concerts).await? {
        categories.entry(row.get(0)?).or_default().push(category(&row)?);
    }
    let mut performances = Vec::new();
    for row in transaction.fetch_by_keys(&OF_CONCERTS, &[], concerts).await? {
        let performance = performance(&row)?;
        let categories = categories.remove(&performance.id).unwrap_or_default();
        performances.push(Performance { categories, ..performance });
    }
    Ok(performances)
}

fn performance(row: &Row) -> Result<Performance, SqlError> {
    Ok(Performance {
        id: row.get(0)?,
        concert: row.get(1)?,
        starts_at: row.get(2)?,
        time_zone: parsed(row, 3, |name| name.parse().ok())?,
        venue: row.get(4)?,
        seating_plan: row.get(5)?,
        sales_open_at: row.get(6)?,
        sales_close_at: row.get(7)?,
        refundable_until: row.get(8)?,
        hold_seconds: row.get(9)?,
        max_seats_per_customer: row.get(10)?,
        currency: row.get(11)?,
        status: parsed(row, 12, SalesStatus::from_name)?,
        categories: Vec::new(),
    })
}

fn category(row: &Row) -> Result<PricedCategory, SqlError> {
    Ok(PricedCategory { id: row.get(1)?, name: row.get(2)?, color: row.get(3)?, price: row.get(4)?, kind: kind(row)? })
}

const SEATS: &str = "seats";
const ALLOTMENT: &str = "allotment";

/// What a category sells, from its `kind` and the row of its allotment.
fn kind(row: &Row) -> Result<CategoryKind, SqlError> {
    match row.get::<String>(5)?.as_str() {
        SEATS => Ok(CategoryKind::Seats),
        ALLOTMENT => Ok(CategoryKind::Allotment { capacity: row.get(6)?, area: row.get(7)? }),
        other => Err(SqlError::Row(format!("`{other}` is no kind of category"))),
    }
}

/// Adds a performance whose categories have these places in the plan; its seats come afterwards.
pub(super) async fn insert(
    transaction: &mut Transaction,
    context: &Context,
    performance: &Performance,
    places: &[u16],
) -> Result<(), SqlError> {
    let text = "INSERT INTO performances (performance_id, concert_id, starts_at, time_zone, venue, plan_id, \
                sales_open_at, sales_close_at, refundable_until, hold_seconds, max_seats_per_customer, \
                max_seats_ever, currency, status, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let statement = Statement::new(text)
        .bind(performance.id)
        .bind(performance.concert)
        .bind(performance.starts_at)
        .bind(performance.time_zone.name())
        .bind(performance.venue.as_str())
        .bind(performance.seating_plan)
        .bind(performance.sales_open_at)
        .bind(performance.sales_close_at)
        .bind(performance.refundable_until)
        .bind(performance.hold_seconds)
        .bind(performance.max_seats_per_customer)
        .bind(performance.max_seats_per_customer)
        .bind(performance.currency)
        .bind(performance.status.as_str())
        .bind(context.now());
    transaction.execute(statement).await?;
    for (place, category) in places.iter().zip(&performance.categories) {
        insert_category(transaction, performance.id, *place, category).await?;
    }
    Ok(())
}

async fn insert_category(
    transaction: &mut Transaction,
    performance: PerformanceId,
    place: u16,
    category: &PricedCategory,
) -> Result<(), SqlError> {
    let text = "INSERT INTO performance_categories (performance_id, category_id, position, name, color, price, kind) \
                VALUES (?, ?, ?, ?, ?, ?, ?)";
    let statement = Statement::new(text)
        .bind(performance)
        .bind(category.id)
        .bind(place)
        .bind(category.name.as_str())
        .bind(category.color.as_str())
        .bind(category.price)
        .bind(if category.kind == CategoryKind::Seats { SEATS } else { ALLOTMENT });
    transaction.execute(statement).await?;
    if let CategoryKind::Allotment { capacity, area } = category.kind {
        allotments::insert(transaction, performance, place, capacity, area).await?;
    }
    Ok(())
}

/// Takes the lock that everything takes first that touches the performance's seats or terms; says whether there is
/// such a performance.
pub(super) async fn lock(transaction: &mut Transaction, id: PerformanceId) -> Result<bool, SqlError> {
    let for_update = transaction.dialect().for_update();
    let text = format!("SELECT version FROM performance_versions WHERE performance_id = ?{for_update}");
    Ok(transaction.fetch_optional(Statement::new(text).bind(id)).await?.is_some())
}

/// A performance to change.
pub(super) struct ChangePerformance {
    pub(super) id: PerformanceId,
    pub(super) change: PerformanceChange,
}

#[async_trait]
impl Edit for ChangePerformance {
    type Outcome = Performance;

    async fn apply(&self, transaction: &mut Transaction) -> Result<(Performance, Line), EditFailure> {
        if !lock(transaction, self.id).await? {
            return Err(EditError::UnknownPerformance.into());
        }
        let before = load_performance(transaction, self.id).await?.ok_or(EditError::UnknownPerformance)?;
        let after = self.decide(before.clone())?;
        update(transaction, &after).await?;
        let mut resized = false;
        for category in after.categories.iter().filter(|category| !before.categories.contains(category)) {
            update_price(transaction, self.id, category.id, category.price).await?;
            if let CategoryKind::Allotment { capacity, .. } = category.kind
                && before.kind(category.id) != Some(category.kind)
            {
                allotments::resize(transaction, self.id, category.id, capacity).await?;
                resized = true;
            }
        }
        if resized {
            allotments::announce(transaction, self.id).await?;
        }
        let line = Line::changed(OperatorActionKind::PerformanceChanged, self.id.0, &before, &after);
        Ok((after, line))
    }
}

impl ChangePerformance {
    /// A performance whose seats are being laid out, or whose laying out was cut off, can only be cancelled.
    fn decide(&self, before: Performance) -> Result<Performance, EditError> {
        let was_preparing = before.status == SalesStatus::Preparing;
        let after = self.change.clone().applied_to(before)?.checked()?;
        let stays_unready = was_preparing && after.status != SalesStatus::Cancelled;
        if stays_unready || (!was_preparing && after.status == SalesStatus::Preparing) {
            return Err(EditError::Preparing);
        }
        Ok(after)
    }
}

/// Writes the terms that can change. `max_seats_ever` only rises: what was held under a higher limit stays lawful
/// after the limit is lowered.
async fn update(transaction: &mut Transaction, performance: &Performance) -> Result<(), SqlError> {
    let text = "UPDATE performances SET starts_at = ?, time_zone = ?, venue = ?, sales_open_at = ?, \
                sales_close_at = ?, refundable_until = ?, hold_seconds = ?, max_seats_per_customer = ?, \
                max_seats_ever = CASE WHEN max_seats_ever < ? THEN ? ELSE max_seats_ever END, status = ? \
                WHERE performance_id = ?";
    let statement = Statement::new(text)
        .bind(performance.starts_at)
        .bind(performance.time_zone.name())
        .bind(performance.venue.as_str())
        .bind(performance.sales_open_at)
        .bind(performance.sales_close_at)
        .bind(performance.refundable_until)
        .bind(performance.hold_seconds)
        .bind(performance.max_seats_per_customer)
        .bind(performance.max_seats_per_customer)
        .bind(performance.max_seats_per_customer)
        .bind(performance.status.as_str())
        .bind(performance.id);
    transaction.execute(statement).await?;
    Ok(())
}

async fn update_price(
    transaction: &mut Transaction,
    performance: PerformanceId,
    category: CategoryId,
    price: Amount,
) -> Result<(), SqlError> {
    let text = "UPDATE performance_categories SET price = ? WHERE performance_id = ? AND category_id = ?";
    let statement = Statement::new(text).bind(price).bind(performance).bind(category);
    transaction.execute(statement).await?;
    Ok(())
}
