//! Allotments as operators add and change them; what is taken of them is the business of sales.

use onsale_application::ports::{AllotmentDraft, EditError};
use onsale_domain::allotment::Allotment;
use onsale_domain::ids::{CategoryId, PerformanceId, SeatingPlanId};
use onsale_domain::performance::{CategoryKind, PricedCategory};

use super::edit::EditFailure;
use crate::database::{SqlError, Statement, Transaction};

/// The category that `draft` becomes. Where it says no name or colour, those of its area in `plan` are taken.
pub(super) async fn category(
    transaction: &mut Transaction,
    plan: Option<SeatingPlanId>,
    draft: &AllotmentDraft,
) -> Result<PricedCategory, EditFailure> {
    let (text, color) = match draft.area {
        Some(area) => area_of(transaction, plan, area).await?.ok_or(EditError::UnknownArea { area })?,
        None => (String::new(), None),
    };
    Ok(PricedCategory {
        id: draft.id,
        name: draft.name.clone().unwrap_or(text),
        color: draft.color.clone().or(color).unwrap_or_default(),
        price: draft.price,
        kind: CategoryKind::Allotment { capacity: draft.capacity, area: draft.area },
    })
}

/// The text and the colour of an area.
async fn area_of(
    transaction: &mut Transaction,
    plan: Option<SeatingPlanId>,
    area: u16,
) -> Result<Option<(String, Option<String>)>, SqlError> {
    let text = "SELECT text, color FROM plan_areas WHERE plan_id = ? AND area_no = ?";
    let row = transaction.fetch_optional(Statement::new(text).bind(plan).bind(area)).await?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

/// Adds an allotment of which nothing is taken.
pub(super) async fn insert(
    transaction: &mut Transaction,
    performance: PerformanceId,
    place: u16,
    capacity: u32,
    area: Option<u16>,
) -> Result<(), SqlError> {
    let text = "INSERT INTO allotments (performance_id, category_no, capacity, taken, area_no) VALUES (?, ?, ?, 0, ?)";
    let statement = Statement::new(text).bind(performance).bind(place).bind(capacity).bind(area);
    transaction.execute(statement).await?;
    Ok(())
}

/// Changes the capacity of an allotment, down to what is taken, under the lock of the performance's version.
pub(super) async fn resize(
    transaction: &mut Transaction,
    performance: PerformanceId,
    category: CategoryId,
    capacity: u32,
) -> Result<(), EditFailure> {
    let text = format!(
        "SELECT a.category_no, a.capacity, a.taken FROM performance_categories c \
         JOIN allotments a ON a.performance_id = c.performance_id AND a.category_no = c.position \
         WHERE c.performance_id = ? AND c.category_id = ?{}",
        transaction.dialect().for_update()
    );
    let row = transaction.fetch_optional(Statement::new(text).bind(performance).bind(category)).await?;
    let row = row.ok_or(EditError::UnknownAllotment { category })?;
    let allotment = Allotment { category, capacity: row.get(1)?, taken: row.get(2)? };
    let refused = |error: onsale_domain::allotment::CapacityBelowTaken| EditError::CapacityBelowTaken {
        category,
        taken: error.taken,
    };
    let resized = allotment.resize(capacity).map_err(refused)?;
    let text = "UPDATE allotments SET capacity = ? WHERE performance_id = ? AND category_no = ?";
    let place: u32 = row.get(0)?;
    transaction.execute(Statement::new(text).bind(resized.capacity).bind(performance).bind(place)).await?;
    Ok(())
}

/// Raises the version of a performance, so that everybody reads anew what is left.
pub(super) async fn announce(transaction: &mut Transaction, performance: PerformanceId) -> Result<(), SqlError> {
    let text = "UPDATE performance_versions SET version = version + 1 WHERE performance_id = ?";
    transaction.execute(Statement::new(text).bind(performance)).await?;
    Ok(())
}
