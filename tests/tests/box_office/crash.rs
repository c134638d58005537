//! The database is killed while everybody holds and pays.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::future::join_all;
use onsale_application::ports::{BoxOffice, Cashier, StepError, Unavailable};
use onsale_domain::ids::{AccountId, ChargeId};
use onsale_domain::payment::Payment;
use onsale_domain::performance::Performance;
use onsale_sql::SqlSales;
use onsale_support::lanes::LaneLimits;
use onsale_test_servers::private_mysql;
use onsale_tests::sales::{assert_sound, charge_order, customers, hold_order, on_sale, pay_order, sales};
use onsale_tests::store::Store;
use tokio::sync::Notify;

const CLIENTS: usize = 64;
const KILLS: usize = 10;
/// How many payments are acknowledged before the next kill, so that it hits a busy server.
const PAYMENTS_BETWEEN: usize = 150;
const BUYERS: u32 = 20_000;

/// What the clients were told.
#[derive(Default)]
struct Acknowledged {
    charges: Vec<ChargeId>,
    payments: Vec<Payment>,
}

/// What the clients share.
struct Rush {
    store: Store,
    sales: SqlSales,
    performance: Performance,
    customers: Vec<AccountId>,
    next: AtomicUsize,
    paid: AtomicUsize,
    somebody_paid: Notify,
    over: AtomicBool,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_ten_times_the_database_keeps_every_acknowledged_payment() {
    let mut server = private_mysql().await;
    let database = server.fresh_database().await;
    let store = Store::at(database.url()).await;
    let rush = Arc::new(Rush {
        sales: sales(&store, LaneLimits::default()),
        performance: on_sale(&store, BUYERS).await,
        customers: customers(&store, BUYERS as usize).await,
        store,
        next: AtomicUsize::new(0),
        paid: AtomicUsize::new(0),
        somebody_paid: Notify::new(),
        over: AtomicBool::new(false),
    });
    let clients: Vec<_> = (0..CLIENTS).map(|_| tokio::spawn(Arc::clone(&rush).client())).collect();
    for _ in 0..KILLS {
        rush.wait_for_payments().await;
        server.kill().await.unwrap();
        server.start().await.unwrap();
    }
    rush.wait_for_payments().await;
    rush.over.store(true, Ordering::Relaxed);

    let mut payments = 0;
    for client in join_all(clients).await {
        let acknowledged = client.unwrap();
        payments += acknowledged.payments.len();
        for charge in acknowledged.charges {
            assert!(rush.sales.charge_receipt(charge).await.unwrap().is_some(), "charge {charge} is lost");
        }
        for payment in acknowledged.payments {
            assert_eq!(rush.sales.payment(payment.id).await.unwrap().as_ref(), Some(&payment));
        }
    }
    assert!(payments >= (KILLS + 1) * PAYMENTS_BETWEEN);
    assert_sound(&rush.store).await;
    drop(rush); // its connections, before the server
    server.stop().await.unwrap();
}

impl Rush {
    /// Returns when as many more payments have been acknowledged as there should be between two kills.
    async fn wait_for_payments(&self) {
        let enough = self.paid.load(Ordering::Relaxed) + PAYMENTS_BETWEEN;
        while self.paid.load(Ordering::Relaxed) < enough {
            self.somebody_paid.notified().await;
        }
    }

    /// One customer after another charges, holds a seat and pays; whoever is told that the store failed gives up.
    async fn client(self: Arc<Self>) -> Acknowledged {
        let mut acknowledged = Acknowledged::default();
        while !self.over.load(Ordering::Relaxed) {
            if self.buy(&mut acknowledged).await.is_ok() {
                self.paid.fetch_add(1, Ordering::Relaxed);
                self.somebody_paid.notify_one();
            }
        }
        acknowledged
    }

    async fn buy(&self, acknowledged: &mut Acknowledged) -> Result<(), Unavailable> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (customer, seat) = (self.customers[number], u32::try_from(number).unwrap());
        let charged = self.sales.charge(charge_order(&self.store, customer, 1_000)).await.map_err(failed)?;
        acknowledged.charges.push(charged.value.charge.id);
        let order = hold_order(&self.store, &self.performance, customer, &[seat]);
        let reservation = self.sales.hold(order).await.map_err(failed)?.value;
        let paid = self.sales.pay(pay_order(&self.store, &reservation)).await.map_err(failed)?;
        acknowledged.payments.push(paid.value.0);
        Ok(())
    }
}

/// Nobody wants another's seat and everybody has points: only the store may fail.
fn failed<R: std::fmt::Debug>(error: StepError<R>) -> Unavailable {
    match error {
        StepError::Unavailable(error) => error,
        other => panic!("{other:?}"),
    }
}
