//! Everybody at once: exactly as many as there are, and never one too many.

use std::collections::{HashMap, HashSet};

use futures_util::future::join_all;
use onsale_application::ports::{BoxOffice, StepError};
use onsale_domain::box_office::HoldRefusal;
use onsale_domain::ids::{AccountId, ReservationId};
use onsale_sql::{SqlSales, Statement};
use onsale_support::lanes::LaneLimits;
use onsale_tests::sales::{SINGLY, assert_sound, customers, hold_order, replica, sales};
use onsale_tests::store::Store;
use onsale_tests::tickets::{Standing, held_tickets, left, resized, standing, standing_beside, stored, tickets_order};

use onsale_tests::sales::refused;

onsale_tests::contracts!(
    of_a_thousand_who_want_three_of_a_thousand_each_333_get_them,
    however_many_replicas_sell_the_capacity_is_exact,
    the_limits_hold_over_seats_and_tickets_together,
    a_capacity_is_lowered_in_the_middle_of_a_crowd,
);

async fn of_a_thousand_who_want_three_of_a_thousand_each_333_get_them(store: Store) {
    rush(&store, &[sales(&store, LaneLimits::default())]).await;
}

async fn however_many_replicas_sell_the_capacity_is_exact(store: Store) {
    for lanes in [LaneLimits::default(), SINGLY] {
        rush(&store, &[sales(&store, lanes), replica(&store, lanes).await]).await;
    }
}

/// A thousand customers want three of a thousand tickets each, of any replica.
async fn rush(store: &Store, replicas: &[SqlSales]) {
    let standing = standing(store, 1_000).await;
    let customers = customers(store, 1_001).await;
    let held = everybody(store, replicas, &standing, &customers[..1_000], 3).await;
    assert_eq!(held.len(), 333);
    assert_eq!(taken(store, &standing).await, 999);
    let allotment = stored(&replicas[0], &standing).await;
    assert_eq!((allotment.taken, allotment.left(), left(store, &replicas[0], &standing).await), (999, 1, 1));
    assert_sound(store).await;
    held_tickets(store, &replicas[0], &standing, customers[1_000], 1).await;
    let last = replicas[0].hold(tickets_order(store, &standing, customers[1_000], 1)).await;
    assert_eq!(last, refused(HoldRefusal::SoldOut));
}

/// Lets every customer ask for `quantity` tickets at once, of the replicas by turns; the reservations that came of it.
async fn everybody(
    store: &Store,
    replicas: &[SqlSales],
    standing: &Standing,
    customers: &[AccountId],
    quantity: u32,
) -> HashSet<ReservationId> {
    let wishes = customers.iter().zip(replicas.iter().cycle()).map(|(customer, sales)| {
        let (sales, order) = (sales.clone(), tickets_order(store, standing, *customer, quantity));
        tokio::spawn(async move { sales.hold(order).await })
    });
    let mut held = HashSet::new();
    for answer in join_all(wishes).await {
        match answer.unwrap() {
            Ok(done) => assert!(held.insert(done.value.id)),
            Err(error) => assert_eq!(error, StepError::Refused(HoldRefusal::SoldOut)),
        }
    }
    held
}

async fn taken(store: &Store, standing: &Standing) -> u32 {
    let text = "SELECT taken FROM allotments WHERE performance_id = ?";
    let row = store.database.fetch_optional(Statement::new(text).bind(standing.performance.id)).await.unwrap();
    row.unwrap().get(0).unwrap()
}

/// Each customer asks for seats and for tickets, six times at once and of every replica.
async fn the_limits_hold_over_seats_and_tickets_together(store: Store) {
    const CUSTOMERS: u32 = 100;
    for lanes in [LaneLimits::default(), SINGLY] {
        let replicas = [sales(&store, lanes), replica(&store, lanes).await];
        let both = standing_beside(&store, 6 * CUSTOMERS, 10_000).await;
        let customers = customers(&store, CUSTOMERS as usize).await;
        let mut wishes = Vec::new();
        for wish in 0..6_u32 {
            for (number, customer) in (0..CUSTOMERS).zip(&customers) {
                let seat = 6 * number + wish;
                let order = match (wish + number) % 3 {
                    0 => hold_order(&store, &both.performance, *customer, &[seat]),
                    quantity => tickets_order(&store, &both, *customer, quantity + 1),
                };
                let sales = replicas[(wish + number) as usize % 2].clone();
                wishes.push(tokio::spawn(async move { sales.hold(order).await.map(|done| done.value) }));
            }
        }
        let mut quantities: HashMap<AccountId, Vec<usize>> = HashMap::new();
        for wish in join_all(wishes).await {
            match wish.unwrap() {
                Ok(reservation) => quantities.entry(reservation.customer).or_default().push(reservation.items.len()),
                Err(StepError::Refused(HoldRefusal::TooManyHolds { .. } | HoldRefusal::TooManySeats { .. })) => {}
                Err(other) => panic!("a caller heard of {other}"),
            }
        }
        for customer in &customers {
            let held = &quantities[customer];
            assert!(held.len() <= 2 && held.iter().sum::<usize>() <= 4, "{held:?}");
        }
        assert_sound(&store).await;
    }
}

/// Either comes first, the operator or the crowd: whoever does, the other is told the truth.
async fn a_capacity_is_lowered_in_the_middle_of_a_crowd(store: Store) {
    for lanes in [LaneLimits::default(), SINGLY] {
        let replicas = [sales(&store, lanes), replica(&store, lanes).await];
        let (standing, customers) = (standing(&store, 300).await, customers(&store, 400).await);
        let (held, resized) = tokio::join!(everybody(&store, &replicas, &standing, &customers, 1), async {
            while stored(&replicas[0], &standing).await.taken == 0 {
                tokio::task::yield_now().await;
            }
            resized(&store, &standing, 200).await
        });
        let allotment = stored(&replicas[0], &standing).await;
        let capacity = if resized.is_ok() { 200 } else { 300 };
        assert_eq!((allotment.capacity, allotment.taken), (capacity, capacity), "{resized:?}");
        assert_eq!(held.len(), capacity as usize);
        assert_sound(&store).await;
    }
}
