//! Tickets without seats, and orders for them.

use std::sync::Arc;

use onsale_application::availability::{AvailabilityBoard, BoardLimits};
use onsale_application::ports::{
    AllotmentDraft, BoxOffice, CatalogueEditor, EditError, HoldOrder, PerformanceChange, PerformanceDraft,
};
use onsale_domain::allotment::Allotment;
use onsale_domain::box_office::{Hold, Wanted};
use onsale_domain::ids::{AccountId, CategoryId};
use onsale_domain::performance::Performance;
use onsale_domain::reservation::Reservation;
use onsale_sql::{SqlCatalogue, SqlSales};

use crate::samples::{amount, concert, draft, plan};
use crate::store::Store;

/// What a ticket costs.
pub const TICKET_PRICE: i64 = 50;

/// A performance with tickets without seats.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The performance.
    pub performance: Performance,
    /// The category of the tickets.
    pub category: CategoryId,
}

/// The catalogue of `store`.
#[must_use]
pub fn catalogue(store: &Store) -> SqlCatalogue {
    SqlCatalogue::new(store.database.clone(), store.context.clone(), store.bus.clone())
}

/// So many tickets to add.
#[must_use]
pub fn allotment(store: &Store, capacity: u32) -> AllotmentDraft {
    AllotmentDraft {
        id: store.context.new_id(),
        name: Some("Standing".to_owned()),
        color: None,
        area: None,
        capacity,
        price: amount(TICKET_PRICE),
    }
}

/// A performance of nothing but `capacity` tickets that is on sale.
///
/// # Panics
/// When it cannot be added.
pub async fn standing(store: &Store, capacity: u32) -> Standing {
    let concert = concert(&store.context, "Spring");
    catalogue(store).add_concert(concert.clone(), None).await.expect("a concert can be added");
    added(store, draft(&store.context, concert.id, None), capacity).await
}

/// A performance of `seats` seats, as [`crate::sales::on_sale`] has them, and `capacity` tickets that is on sale.
///
/// # Panics
/// When it cannot be added.
pub async fn standing_beside(store: &Store, seats: u32, capacity: u32) -> Standing {
    let (concert, plan) = (concert(&store.context, "Spring"), plan(&store.context, seats));
    catalogue(store).add_concert(concert.clone(), None).await.expect("a concert can be added");
    catalogue(store).add_plan(&plan, None).await.expect("a plan can be added");
    added(store, draft(&store.context, concert.id, Some(&plan)), capacity).await
}

async fn added(store: &Store, draft: PerformanceDraft, capacity: u32) -> Standing {
    let allotment = allotment(store, capacity);
    let category = allotment.id;
    let draft = PerformanceDraft { allotments: vec![allotment], ..draft };
    let performance = catalogue(store).add_performance(draft, None).await.expect("a performance can be added");
    store.bus.heard(); // tests want to hear of tickets only
    Standing { performance, category }
}

/// A hold on `quantity` tickets.
#[must_use]
pub fn tickets_order(store: &Store, standing: &Standing, customer: AccountId, quantity: u32) -> HoldOrder {
    let items = (0..quantity).map(|_| store.context.new_id()).collect();
    let wanted = Wanted::Tickets { category: standing.category, items };
    let hold = Hold { reservation: store.context.new_id(), customer, wanted, admission: None };
    HoldOrder { performance: standing.performance.id, hold, idempotency: None }
}

/// A hold on tickets that succeeds.
///
/// # Panics
/// When it does not.
pub async fn held_tickets(
    store: &Store,
    sales: &SqlSales,
    standing: &Standing,
    customer: AccountId,
    quantity: u32,
) -> Reservation {
    sales.hold(tickets_order(store, standing, customer, quantity)).await.expect("a hold").value
}

/// The tickets as they are stored.
///
/// # Panics
/// When they are not.
pub async fn stored(sales: &SqlSales, standing: &Standing) -> Allotment {
    let map = sales.seat_map(standing.performance.id).await.expect("the database answers").expect("a performance");
    let found = map.allotments.iter().find(|map| map.allotment.category == standing.category);
    found.expect("an allotment").allotment
}

/// How many tickets are left, as visitors are told who come now.
///
/// # Panics
/// When nobody knows.
pub async fn left(store: &Store, sales: &SqlSales, standing: &Standing) -> u32 {
    let (limits, context) = (BoardLimits::default(), store.context.clone());
    let (catalogue, sales) = (Arc::new(catalogue(store)), Arc::new(sales.clone()));
    let board = AvailabilityBoard::new(catalogue, sales, store.bus.clone(), limits, context);
    let shown = board.snapshot(standing.performance.id).await.expect("an answer");
    let found = shown.categories.iter().find(|left| left.category == standing.category);
    found.expect("the tickets are shown").available
}

/// Lets an operator change how many tickets there are.
///
/// # Errors
/// What the catalogue refuses.
pub async fn resized(store: &Store, standing: &Standing, capacity: u32) -> Result<Performance, EditError> {
    let change = PerformanceChange { capacities: vec![(standing.category, capacity)], ..Default::default() };
    catalogue(store).change_performance(standing.performance.id, change, None).await
}
