//! Seats per customer and performance, open holds per customer: also when everything comes at once.

use std::collections::HashMap;

use chrono::TimeDelta;
use futures_util::future::join_all;
use onsale_application::ports::{BoxOffice, StepError};
use onsale_domain::box_office::HoldRefusal;
use onsale_domain::ids::AccountId;
use onsale_sql::SqlSales;
use onsale_support::lanes::LaneLimits;
use onsale_tests::sales::{
    SINGLY, assert_sound, customers, customers_with, held, hold_order, on_sale, pay_order, release_order, replica,
    sales,
};
use onsale_tests::store::Store;

onsale_tests::contracts!(
    a_customer_has_as_many_seats_and_open_holds_as_are_allowed,
    the_limits_hold_under_a_storm,
    the_limits_hold_without_groups,
    the_limits_hold_between_replicas,
    the_limits_hold_between_replicas_without_groups,
);

async fn a_customer_has_as_many_seats_and_open_holds_as_are_allowed(store: Store) {
    use onsale_application::ports::Cashier;
    let sales = sales(&store, LaneLimits::default());
    let (here, there) = (on_sale(&store, 20).await, on_sale(&store, 20).await);
    let customer = customers_with(&store, &sales, 1, 10_000).await[0];
    let refused = |result: Result<_, StepError<HoldRefusal>>| match result {
        Err(StepError::Refused(refusal)) => refusal,
        other => panic!("{other:?} is no refusal"),
    };
    let five = sales.hold(hold_order(&store, &here, customer, &[0, 1, 2, 3, 4])).await;
    assert_eq!(refused(five), HoldRefusal::TooManySeats { limit: 4 });
    let first = held(&store, &sales, &here, customer, &[0, 1, 2]).await;
    let five = sales.hold(hold_order(&store, &here, customer, &[3, 4])).await;
    assert_eq!(refused(five), HoldRefusal::TooManySeats { limit: 4 });
    let second = held(&store, &sales, &there, customer, &[0]).await;
    let third = sales.hold(hold_order(&store, &here, customer, &[3])).await;
    assert_eq!(refused(third), HoldRefusal::TooManyHolds { limit: 2 }, "counted over all performances");
    sales.pay(pay_order(&store, &first)).await.unwrap();
    held(&store, &sales, &here, customer, &[3]).await;
    let fifth = sales.hold(hold_order(&store, &there, customer, &[5])).await;
    assert_eq!(refused(fifth), HoldRefusal::TooManyHolds { limit: 2 });
    sales.release(release_order(&second)).await.unwrap();
    let fifth = sales.hold(hold_order(&store, &here, customer, &[5])).await;
    assert_eq!(refused(fifth), HoldRefusal::TooManySeats { limit: 4 }, "paid seats count");
    store.clock.advance(TimeDelta::seconds(300));
    held(&store, &sales, &here, customer, &[5]).await;
    assert_sound(&store).await;
}

async fn the_limits_hold_under_a_storm(store: Store) {
    let sales = sales(&store, LaneLimits::default());
    storm(&store, &[sales]).await;
}

async fn the_limits_hold_without_groups(store: Store) {
    let sales = sales(&store, SINGLY);
    storm(&store, &[sales]).await;
}

async fn the_limits_hold_between_replicas(store: Store) {
    let replicas = [sales(&store, LaneLimits::default()), replica(&store, LaneLimits::default()).await];
    storm(&store, &replicas).await;
}

async fn the_limits_hold_between_replicas_without_groups(store: Store) {
    let replicas = [sales(&store, SINGLY), replica(&store, SINGLY).await];
    storm(&store, &replicas).await;
}

/// Each customer asks for eight holds of a seat or two, on two performances and every replica at once.
async fn storm(store: &Store, replicas: &[SqlSales]) {
    const CUSTOMERS: u32 = 200;
    let performances = [on_sale(store, 16 * CUSTOMERS).await, on_sale(store, 16 * CUSTOMERS).await];
    let customers = customers(store, CUSTOMERS as usize).await;
    let mut holds = Vec::new();
    for wish in 0..8 {
        for (number, customer) in (0..CUSTOMERS).zip(&customers) {
            let seat = 16 * number + 2 * wish;
            let seats = if (number + wish) % 3 == 0 { vec![seat] } else { vec![seat, seat + 1] };
            let order = hold_order(store, &performances[wish as usize % 2], *customer, &seats);
            let sales = replicas[(wish as usize / 2) % replicas.len()].clone();
            holds.push(tokio::spawn(async move { sales.hold(order).await.map(|done| done.value) }));
        }
    }
    let mut open: HashMap<AccountId, usize> = HashMap::new();
    for hold in join_all(holds).await {
        match hold.unwrap() {
            Ok(reservation) => *open.entry(reservation.customer).or_default() += 1,
            Err(StepError::Refused(HoldRefusal::TooManyHolds { .. } | HoldRefusal::TooManySeats { .. })) => {}
            Err(other) => panic!("a caller heard of {other}"),
        }
    }
    assert!(customers.iter().all(|customer| open.get(customer) == Some(&2)), "two holds each, no more and no fewer");
    assert_sound(store).await;
}
