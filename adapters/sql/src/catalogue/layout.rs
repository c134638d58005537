//! Putting a performance's seats down: in pieces while it is being prepared, and on sale once all of them are there.

use async_trait::async_trait;
use onsale_application::ports::{AllotmentDraft, EditError, OperatorActionKind, PerformanceDraft};
use onsale_domain::ids::{AccountId, CategoryId, PerformanceId, SeatingPlanId};
use onsale_domain::money::Amount;
use onsale_domain::performance::{CategoryKind, Performance, PricedCategory, SalesStatus};
use onsale_domain::plan::PlanCategory;
use uuid::Uuid;

use super::edit::{Edit, EditFailure};
use super::journal::Line;
use super::plans::CountedCategory;
use super::{SqlCatalogue, allotments, concerts, only, performances, plans};
use crate::database::{SqlError, Statement, Transaction};

/// Seats in one transaction: some ten milliseconds, after which holds of other performances have their turn.
const SEATS_PER_TRANSACTION: i64 = 5_000;
/// How often one piece is tried when the database fails for a moment.
const ATTEMPTS: u32 = 5;

impl SqlCatalogue {
    /// Adds the performance of `draft` and its seats.
    pub(super) async fn prepare(
        &self,
        draft: PerformanceDraft,
        operator: Option<AccountId>,
    ) -> Result<Performance, EditError> {
        let performance = Performance { status: SalesStatus::Preparing, ..draft.performance }.checked()?;
        let prepared = self.announce(performance, &draft.prices, &draft.allotments).await?;
        if let Some(plan) = prepared.seating_plan {
            self.lay_out(prepared.id, plan).await.map_err(|error| EditError::Unavailable(error.into()))?;
        }
        self.edit(&Schedule { id: prepared.id }, operator).await
    }

    /// Writes the performance without seats, so that its identity and its lock row exist.
    async fn announce(
        &self,
        performance: Performance,
        prices: &[(CategoryId, Amount)],
        allotments: &[AllotmentDraft],
    ) -> Result<Performance, EditFailure> {
        let mut transaction = self.database.begin().await?;
        if !concerts::exists(&mut transaction, performance.concert).await? {
            return Err(EditError::UnknownConcert.into());
        }
        let categories = match performance.seating_plan {
            Some(plan) => plans::categories(&mut transaction, plan).await?.ok_or(EditError::UnknownPlan)?,
            None => Vec::new(),
        };
        let mut sold = priced(&categories, prices)?;
        for (place, draft) in (u16::try_from(categories.len()).expect("categories are limited")..).zip(allotments) {
            let category = allotments::category(&mut transaction, performance.seating_plan, draft).await?;
            sold.push((place, category));
        }
        let (places, categories) = sold.into_iter().unzip::<_, _, Vec<_>, _>();
        let performance = Performance { categories, ..performance }.checked().map_err(EditError::from)?;
        performances::insert(&mut transaction, &self.context, &performance, &places).await?;
        let statement =
            Statement::new("INSERT INTO performance_versions (performance_id, epoch, version) VALUES (?, ?, 0)")
                .bind(performance.id)
                .bind(new_epoch(self.context.new_id()));
        transaction.execute(statement).await?;
        transaction.commit().await?;
        Ok(performance)
    }

    async fn lay_out(&self, performance: PerformanceId, plan: SeatingPlanId) -> Result<(), SqlError> {
        let mut failures = 0;
        loop {
            match self.lay_out_piece(performance, plan).await {
                Ok(0) => return Ok(()),
                Ok(_) => failures = 0,
                Err(error) if error.is_transient() && failures + 1 < ATTEMPTS => failures += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// Puts the next seats down and says how many. Where to go on is read each time, so a piece whose commit was not
    /// heard of is not put down twice.
    async fn lay_out_piece(&self, performance: PerformanceId, plan: SeatingPlanId) -> Result<u64, SqlError> {
        let mut transaction = self.database.begin().await?;
        let next = Statement::new("SELECT COALESCE(MAX(seat_no) + 1, 0) FROM seats WHERE performance_id = ?");
        let first: i64 = only(transaction.fetch_optional(next.bind(performance)).await?)?.get(0)?;
        let text = "INSERT INTO seats (performance_id, seat_no, category_no, state) \
                    SELECT ?, seat_no, category_no, 0 FROM plan_seats \
                    WHERE plan_id = ? AND seat_no >= ? AND seat_no < ?";
        let statement =
            Statement::new(text).bind(performance).bind(plan).bind(first).bind(first + SEATS_PER_TRANSACTION);
        let laid_out = transaction.execute(statement).await?;
        transaction.commit().await?;
        Ok(laid_out)
    }
}

/// The plan's categories with their places and prices; every category that has seats needs a price, and each price a
/// category.
fn priced(
    categories: &[CountedCategory],
    prices: &[(CategoryId, Amount)],
) -> Result<Vec<(u16, PricedCategory)>, EditError> {
    let is_unknown = |id: &CategoryId| !categories.iter().any(|counted| counted.category.id == *id);
    if let Some(category) = prices.iter().map(|(id, _)| *id).find(is_unknown) {
        return Err(EditError::UnknownCategory { category });
    }
    let mut result = Vec::new();
    for CountedCategory { no, category, seats } in categories {
        match prices.iter().find(|(id, _)| *id == category.id) {
            Some((_, price)) => result.push((*no, with_price(category, *price))),
            None if *seats > 0 => return Err(EditError::MissingPrice { category: category.id }),
            None => {}
        }
    }
    Ok(result)
}

fn with_price(category: &PlanCategory, price: Amount) -> PricedCategory {
    PricedCategory {
        id: category.id,
        name: category.name.clone(),
        color: category.color.clone(),
        price,
        kind: CategoryKind::Seats,
    }
}

/// An epoch that nobody else has: the random half of a new id, above zero.
fn new_epoch(id: Uuid) -> i64 {
    let (_, random) = id.as_u64_pair();
    i64::try_from(random >> 1).expect("63 bits fit")
}

/// Puts a performance on sale whose seats are all there.
struct Schedule {
    id: PerformanceId,
}

#[async_trait]
impl Edit for Schedule {
    type Outcome = Performance;

    async fn apply(&self, transaction: &mut Transaction) -> Result<(Performance, Line), EditFailure> {
        performances::lock(transaction, self.id).await?;
        let prepared = performances::load_performance(transaction, self.id).await?;
        let prepared = prepared.ok_or(EditError::UnknownPerformance)?;
        if prepared.status != SalesStatus::Preparing {
            return Err(EditError::Cancelled.into()); // while its seats were laid out
        }
        let statement = Statement::new("UPDATE performances SET status = ? WHERE performance_id = ?")
            .bind(SalesStatus::Scheduled.as_str())
            .bind(self.id);
        transaction.execute(statement).await?;
        let scheduled = Performance { status: SalesStatus::Scheduled, ..prepared };
        let line = Line::added(OperatorActionKind::PerformanceCreated, self.id.0, &scheduled);
        Ok((scheduled, line))
    }
}
