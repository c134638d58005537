//! The database is killed while everybody wants tickets.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use onsale_application::ports::{BoxOffice, Cashier, StepError};
use onsale_domain::box_office::{HoldRefusal, Released};
use onsale_domain::ids::AccountId;
use onsale_domain::reservation::{Reservation, ReservationState};
use onsale_sql::SqlSales;
use onsale_support::lanes::LaneLimits;
use onsale_test_servers::private_mysql;
use onsale_tests::sales::{assert_sound, customers_with, pay_order, release_order, sales};
use onsale_tests::store::Store;
use onsale_tests::tickets::{Standing, standing, stored, tickets_order};
use tokio::sync::Notify;

const CLIENTS: usize = 64;
const CAPACITY: u32 = 2_000;
const CROWD: usize = 1_500;
/// How many holds are acknowledged when the database is killed.
const KILL_AT: [usize; 3] = [150, 400, 700];

/// What the clients share.
struct Rush {
    store: Store,
    sales: SqlSales,
    standing: Standing,
    crowd: Vec<AccountId>,
    next: AtomicUsize,
    acknowledged: AtomicUsize,
    somebody: Notify,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_three_times_the_database_keeps_every_acknowledged_ticket_and_no_more_than_there_are() {
    let mut server = private_mysql().await;
    let database = server.fresh_database().await;
    let store = Store::at(database.url()).await;
    let sales = sales(&store, LaneLimits::default());
    let rush = Arc::new(Rush {
        crowd: customers_with(&store, &sales, CROWD, 1_000).await,
        standing: standing(&store, CAPACITY).await,
        store,
        sales,
        next: AtomicUsize::new(0),
        acknowledged: AtomicUsize::new(0),
        somebody: Notify::new(),
    });
    let clients: Vec<_> = (0..CLIENTS).map(|_| tokio::spawn(Arc::clone(&rush).client())).collect();
    for enough in KILL_AT {
        while rush.acknowledged.load(Ordering::Relaxed) < enough {
            rush.somebody.notified().await;
        }
        server.kill().await.unwrap();
        server.start().await.unwrap();
    }
    let told: Vec<Reservation> = join_all(clients).await.into_iter().flat_map(Result::unwrap).collect();
    assert!(told.len() >= KILL_AT[2]);
    let mut taken = 0;
    for reservation in told {
        let stored = rush.sales.reservation(reservation.id).await.unwrap().expect("what was told is there");
        if reservation.state != ReservationState::Held {
            assert_eq!(stored, reservation, "what was told last is true");
        }
        taken += if matches!(stored.state, ReservationState::Cancelled) { 0 } else { stored.items.len() };
    }
    let allotment = stored(&rush.sales, &rush.standing).await;
    assert!((taken..=CAPACITY as usize).contains(&(allotment.taken as usize)), "{taken} are known, {allotment:?}");
    assert_sound(&rush.store).await;
    drop(rush); // its connections, before the server
    server.stop().await.unwrap();
}

impl Rush {
    /// One customer after another wants tickets; of those who get them every third pays and every third gives them
    /// back. Whoever is told that the store failed gives up. Every reservation that was told of, as it was last told.
    async fn client(self: Arc<Self>) -> Vec<Reservation> {
        let mut told = Vec::new();
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(customer) = self.crowd.get(number) else { return told };
            let quantity = u32::try_from(number % 3).unwrap() + 1;
            let held = match self.sales.hold(tickets_order(&self.store, &self.standing, *customer, quantity)).await {
                Ok(done) => done.value,
                Err(StepError::Unavailable(_) | StepError::Refused(HoldRefusal::SoldOut)) => continue,
                Err(other) => panic!("{other:?}"),
            };
            self.acknowledged.fetch_add(1, Ordering::Relaxed);
            self.somebody.notify_one();
            let then = match number % 7 {
                0..3 => self.sales.pay(pay_order(&self.store, &held)).await.map(|done| done.value.1).ok(),
                3 => match self.sales.release(release_order(&held)).await {
                    Ok(Released::Ended(ended)) => Some(ended),
                    _ => None,
                },
                _ => None,
            };
            told.push(then.unwrap_or(held));
        }
    }
}
