//! The database is killed while everybody wants a coupon.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use onsale_application::ports::{CouponOffice, StepError};
use onsale_domain::coupon::{Coupon, IssueRefusal};
use onsale_support::lanes::LaneLimits;
use onsale_test_servers::private_mysql;
use onsale_tests::coupons::{issue_order, office, opened};
use onsale_tests::sales::{assert_sound, customers};
use onsale_tests::store::Store;
use tokio::sync::Notify;

const CLIENTS: usize = 64;
const TOTAL: u32 = 1_000;
const CROWD: usize = 1_500;
/// How many coupons are acknowledged when the database is killed.
const KILL_AT: [usize; 3] = [150, 400, 700];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_three_times_the_database_keeps_every_acknowledged_coupon_and_no_more_than_the_total() {
    let mut server = private_mysql().await;
    let database = server.fresh_database().await;
    let store = Arc::new(Store::at(database.url()).await);
    let office = office(&store, LaneLimits::default());
    let campaign = opened(&store, &office, TOTAL).await;
    let crowd = Arc::new(customers(&store, CROWD).await);
    let (next, acknowledged) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let somebody = Arc::new(Notify::new());
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (store, office, crowd) = (Arc::clone(&store), office.clone(), Arc::clone(&crowd));
            let (next, acknowledged) = (Arc::clone(&next), Arc::clone(&acknowledged));
            let somebody = Arc::clone(&somebody);
            tokio::spawn(async move {
                let mut coupons: Vec<Coupon> = Vec::new();
                while let Some(customer) = crowd.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let order = issue_order(&store, campaign, *customer);
                    match office.issue(order).await {
                        Ok(done) => {
                            coupons.push(done.value);
                            acknowledged.fetch_add(1, Ordering::Relaxed);
                            somebody.notify_one();
                        }
                        Err(StepError::Unavailable(_) | StepError::Refused(IssueRefusal::Exhausted { .. })) => {}
                        Err(other) => panic!("{other:?}"),
                    }
                }
                coupons
            })
        })
        .collect();
    for enough in KILL_AT {
        while acknowledged.load(Ordering::Relaxed) < enough {
            somebody.notified().await;
        }
        server.kill().await.unwrap();
        server.start().await.unwrap();
    }
    let told: Vec<Coupon> = join_all(clients).await.into_iter().flat_map(Result::unwrap).collect();
    assert!(told.len() >= KILL_AT[2]);
    let stored = office.issued(campaign, None, TOTAL + 1).await.unwrap().items;
    assert!(stored.len() <= TOTAL as usize);
    for coupon in &told {
        assert!(stored.iter().any(|stored| stored.coupon == *coupon), "coupon {} is lost", coupon.id);
    }
    assert_sound(&store).await;
    drop((store, office)); // its connections, before the server
    server.stop().await.unwrap();
}
