//! Random quantities, held, given back, paid, refunded and left to end by several tasks, while an operator changes how
//! many there are: whatever happens, what is taken is what reservations took, within the capacity.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::TimeDelta;
use futures_util::future::join_all;
use onsale_application::ports::{BoxOffice, Cashier, EditError, StepError};
use onsale_domain::box_office::HoldRefusal;
use onsale_domain::ids::AccountId;
use onsale_domain::reservation::{Reservation, ReservationState};
use onsale_sql::SqlSales;
use onsale_support::lanes::LaneLimits;
use onsale_tests::sales::{
    SINGLY, assert_sound, customers_with, pay_order, refund_order, release_order, replica, sales,
};
use onsale_tests::store::Store;
use onsale_tests::tickets::{Standing, resized, standing, stored, tickets_order};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

onsale_tests::contracts!(random_quantities_stay_within_the_capacity, random_quantities_stay_within_it_without_groups);

const TASKS: usize = 8;
const STEPS: usize = 60;
/// Customers of one task.
const CUSTOMERS: usize = 6;
/// How many there are at first; a little less than everybody together may want.
const CAPACITY: u32 = 60;

async fn random_quantities_stay_within_the_capacity(store: Store) {
    storm(store, LaneLimits::default()).await;
}

async fn random_quantities_stay_within_it_without_groups(store: Store) {
    storm(store, SINGLY).await;
}

/// What the tasks share.
struct Storm {
    store: Store,
    standing: Standing,
    replicas: [SqlSales; 2],
    over: AtomicBool,
}

async fn storm(store: Store, lanes: LaneLimits) {
    let replicas = [sales(&store, lanes), replica(&store, lanes).await];
    let customers = customers_with(&store, &replicas[0], TASKS * CUSTOMERS, 1_000_000).await;
    let standing = standing(&store, CAPACITY).await;
    let shared = Arc::new(Storm { store, standing, replicas, over: AtomicBool::new(false) });
    let tasks: Vec<_> = (0_u64..)
        .zip(customers.chunks(CUSTOMERS))
        .map(|(seed, customers)| tokio::spawn(Arc::clone(&shared).customers(seed, customers.to_vec())))
        .collect();
    let operator = tokio::spawn(Arc::clone(&shared).operator());
    let known: Vec<Reservation> = join_all(tasks).await.into_iter().flat_map(Result::unwrap).collect();
    shared.over.store(true, Ordering::Relaxed);
    let resizes = operator.await.unwrap();

    let (mut taken, mut states) = (0, [0; 4]);
    for reservation in &known {
        let stored = shared.replicas[0].reservation(reservation.id).await.unwrap().expect("what was told is there");
        let state = match stored.state {
            ReservationState::Held => 0,
            ReservationState::Paid { .. } => 1,
            ReservationState::Refunded { .. } => 2,
            ReservationState::Expired | ReservationState::Cancelled => 3,
        };
        states[state] += 1;
        taken += if state <= 1 { stored.items.len() } else { 0 };
    }
    assert_eq!(stored(&shared.replicas[0], &shared.standing).await.taken as usize, taken, "{states:?}");
    assert!(resizes > 0 && states[1..].iter().all(|count| *count > 0), "{resizes} resizes, {states:?}");
    assert_sound(&shared.store).await;
}

impl Storm {
    /// Customers who do one thing after another; every reservation that they were told of, as it was last told.
    async fn customers(self: Arc<Self>, seed: u64, customers: Vec<AccountId>) -> Vec<Reservation> {
        let mut random = StdRng::seed_from_u64(seed);
        let mut known: Vec<Reservation> = Vec::new();
        for _ in 0..STEPS {
            let sales = &self.replicas[random.random_range(0..2)];
            let recent = known.len().saturating_sub(CUSTOMERS)..known.len();
            match random.random_range(0..10) {
                0..4 => {
                    let customer = customers[random.random_range(0..customers.len())];
                    known.extend(self.hold(sales, customer, random.random_range(1..=4)).await);
                }
                4 => self.store.clock.advance(TimeDelta::seconds(random.random_range(1..40))),
                step if !recent.is_empty() => {
                    let one = random.random_range(recent);
                    if let Some(now) = self.change(sales, step, &known[one]).await {
                        known[one] = now;
                    }
                }
                _ => {}
            }
        }
        known
    }

    async fn hold(&self, sales: &SqlSales, customer: AccountId, quantity: u32) -> Option<Reservation> {
        match sales.hold(tickets_order(&self.store, &self.standing, customer, quantity)).await {
            Ok(done) => Some(done.value),
            Err(StepError::Refused(
                HoldRefusal::SoldOut | HoldRefusal::TooManyHolds { .. } | HoldRefusal::TooManySeats { .. },
            )) => None,
            Err(other) => panic!("a caller heard of {other}"),
        }
    }

    /// Pays, refunds, gives back or tidies; whatever is not possible by now is refused.
    async fn change(&self, sales: &SqlSales, step: u32, known: &Reservation) -> Option<Reservation> {
        let done = match step {
            5 | 6 => told(sales.pay(pay_order(&self.store, known)).await.map(|done| done.value.1)),
            7 => told(sales.refund(refund_order(&self.store, known)).await.map(|done| done.value.1)),
            8 => told(sales.release(release_order(known)).await).and(None),
            _ => told(sales.expire(known.performance, known.id).await).and(None),
        };
        assert!(done.as_ref().is_none_or(|now| now.items == known.items));
        done
    }

    /// An operator who changes how many there are, and looks how many are taken.
    async fn operator(self: Arc<Self>) -> usize {
        let mut random = StdRng::seed_from_u64(99);
        let mut resizes = 0;
        while !self.over.load(Ordering::Relaxed) {
            let capacity = random.random_range(CAPACITY / 2..CAPACITY * 3 / 2);
            match resized(&self.store, &self.standing, capacity).await {
                Ok(_) => resizes += 1,
                Err(EditError::CapacityBelowTaken { taken, .. }) => assert!(taken > capacity),
                Err(other) => panic!("an operator heard of {other}"),
            }
            let allotment = stored(&self.replicas[0], &self.standing).await;
            assert!(allotment.taken <= allotment.capacity, "{allotment:?}");
        }
        resizes
    }
}

/// What was done; nothing when it was refused.
fn told<T, R: std::fmt::Display>(answer: Result<T, StepError<R>>) -> Option<T> {
    match answer {
        Ok(done) => Some(done),
        Err(StepError::Refused(_)) => None,
        Err(other) => panic!("a caller heard of {other}"),
    }
}
