//! What visitors are told is left, by a copy that follows announcements.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use onsale_application::availability::{AvailabilityBoard, BoardLimits, CategoryAvailability};
use onsale_application::ports::{BoxOffice, Bus, Cashier};
use onsale_domain::ids::AccountId;
use onsale_domain::reservation::Reservation;
use onsale_local::{DEFAULT_BUS_CAPACITY, LocalBus};
use onsale_sql::{SqlCatalogue, SqlSales};
use onsale_support::lanes::LaneLimits;
use onsale_tests::sales::{LIMITS, customers_with, held, hold_order, pay_order, refund_order, release_order};
use onsale_tests::store::Store;
use onsale_tests::tickets::{Standing, resized, standing_beside, stored, tickets_order};
use tokio::time::timeout;

onsale_tests::contracts!(what_is_left_is_shown_whatever_happens, a_hold_that_ends_by_time_alone_is_shown);

/// A board that follows what one replica announces.
struct Watched {
    sales: SqlSales,
    board: Arc<AvailabilityBoard>,
    standing: Standing,
}

impl Watched {
    /// Ten seats and ten tickets.
    async fn new(store: &Store) -> Self {
        let bus: Arc<dyn Bus> = Arc::new(LocalBus::new(DEFAULT_BUS_CAPACITY));
        let (database, context) = (store.database.clone(), store.context.clone());
        let sales = SqlSales::new(database.clone(), context.clone(), bus.clone(), LIMITS, LaneLimits::default());
        let catalogue = Arc::new(SqlCatalogue::new(database, context.clone(), bus.clone()));
        let limits = BoardLimits::default();
        let board = Arc::new(AvailabilityBoard::new(catalogue, Arc::new(sales.clone()), bus, limits, context));
        let following = Arc::clone(&board);
        tokio::spawn(async move { following.follow().await });
        Self { sales, board, standing: standing_beside(store, 10, 10).await }
    }

    /// The seats and the tickets that are left, after a moment in which a snapshot grows old.
    async fn left(&self, store: &Store) -> (u32, u32) {
        store.clock.advance(TimeDelta::milliseconds(50));
        let shown = timeout(Duration::from_secs(10), self.board.snapshot(self.standing.performance.id));
        let shown = shown.await.expect("an answer in time").unwrap();
        let (tickets, seats): (Vec<CategoryAvailability>, Vec<_>) =
            shown.categories.iter().partition(|left| left.category == self.standing.category);
        let left = seats.iter().map(|left| left.available).sum();
        assert_eq!(left, shown.free.iter().map(|byte| byte.count_ones()).sum::<u32>());
        (left, tickets[0].available)
    }

    async fn held(&self, store: &Store, customer: AccountId, quantity: u32) -> Reservation {
        self.sales.hold(tickets_order(store, &self.standing, customer, quantity)).await.unwrap().value
    }
}

async fn what_is_left_is_shown_whatever_happens(store: Store) {
    let watched = Watched::new(&store).await;
    let Watched { sales, standing, .. } = &watched;
    let customers = customers_with(&store, sales, 3, 1_000).await;
    assert_eq!(watched.left(&store).await, (10, 10));
    let reservation = watched.held(&store, customers[0], 3).await;
    assert_eq!(watched.left(&store).await, (10, 7));
    held(&store, sales, &standing.performance, customers[1], &[2, 3]).await;
    let released = watched.held(&store, customers[1], 2).await;
    assert_eq!(watched.left(&store).await, (8, 5));
    sales.release(release_order(&released)).await.unwrap();
    assert_eq!(watched.left(&store).await, (8, 7));
    sales.pay(pay_order(&store, &reservation)).await.unwrap();
    assert_eq!(watched.left(&store).await, (8, 7));
    resized(&store, standing, 4).await.unwrap();
    assert_eq!(watched.left(&store).await, (8, 1));
    resized(&store, standing, 20).await.unwrap();
    assert_eq!(watched.left(&store).await, (8, 17));
    sales.refund(refund_order(&store, &reservation)).await.unwrap();
    assert_eq!(watched.left(&store).await, (8, 20));
    let order = hold_order(&store, &standing.performance, customers[2], &[2]);
    sales.hold(order).await.unwrap_err();
    assert_eq!(watched.left(&store).await, (8, 20), "a refusal changes nothing");
}

/// Nothing is tidied: the board alone knows the ends, also that what is paid has none any more.
async fn a_hold_that_ends_by_time_alone_is_shown(store: Store) {
    let watched = Watched::new(&store).await;
    let Watched { sales, standing, .. } = &watched;
    let customers = customers_with(&store, sales, 3, 1_000).await;
    assert_eq!(watched.left(&store).await, (10, 10));
    let paid = watched.held(&store, customers[0], 3).await;
    watched.held(&store, customers[1], 2).await;
    store.clock.advance(TimeDelta::seconds(100));
    sales.pay(pay_order(&store, &paid)).await.unwrap();
    let later = watched.held(&store, customers[2], 1).await;
    assert_eq!(watched.left(&store).await, (10, 4));
    store.clock.advance(TimeDelta::seconds(200));
    assert_eq!(watched.left(&store).await, (10, 6), "two have ended, one is held and three are paid");
    assert_eq!(stored(sales, standing).await.taken, 6, "nobody has tidied");
    store.clock.advance(TimeDelta::seconds(100));
    assert_eq!(watched.left(&store).await, (10, 7));
    sales.expire(standing.performance.id, later.id).await.unwrap();
    assert_eq!(watched.left(&store).await, (10, 7), "tidying changes nothing that is shown");
}
