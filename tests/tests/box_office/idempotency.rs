//! Asking again does nothing again.

use chrono::TimeDelta;
use futures_util::future::join_all;
use onsale_application::ports::{BoxOffice, Cashier, Done, HoldOrder, IdempotencyKey, StepError};
use onsale_domain::box_office::HoldRefusal;
use onsale_sql::SqlPurge;
use onsale_support::lanes::LaneLimits;
use onsale_tests::sales::{
    SINGLY, assert_sound, charge_order, customers, customers_with, held, hold_order, on_sale, pay_order, refund_order,
    release_order, replica, sales,
};
use onsale_tests::samples::amount;
use onsale_tests::store::Store;

onsale_tests::contracts!(
    a_repeated_request_gets_the_same_answer_and_does_nothing,
    a_key_used_for_another_request_is_noticed,
    keys_are_compared_byte_by_byte_and_belong_to_one_account_and_step,
    keys_of_payments_belong_to_one_reservation,
    a_refusal_is_not_kept,
    a_charge_whose_key_is_forgotten_is_recorded_once,
    of_identical_requests_at_once_one_is_carried_out,
);

fn key(key: &str, request: u8) -> IdempotencyKey {
    IdempotencyKey::new(key, [request; 32]).unwrap()
}

fn named(order: HoldOrder, key: IdempotencyKey) -> HoldOrder {
    HoldOrder { idempotency: Some(key), ..order }
}

async fn a_repeated_request_gets_the_same_answer_and_does_nothing(store: Store) {
    let (sales, performance) = (sales(&store, LaneLimits::default()), on_sale(&store, 10).await);
    let customer = customers(&store, 1).await[0];

    let charge = |id| {
        let mut order = charge_order(&store, customer, 1_000);
        order.idempotency = Some(key(id, 1));
        sales.charge(order)
    };
    let charged = charge("charge").await.unwrap();
    assert!(!charged.replayed);
    assert_eq!(charge("charge").await.unwrap(), Done { replayed: true, ..charged });

    let hold = || sales.hold(named(hold_order(&store, &performance, customer, &[1]), key("hold", 1)));
    let first = hold().await.unwrap();
    assert!(!first.replayed);
    assert_eq!(hold().await.unwrap(), Done { replayed: true, ..first.clone() });

    let pay = || {
        let mut order = pay_order(&store, &first.value);
        order.idempotency = Some(key("pay", 1));
        sales.pay(order)
    };
    let paid = pay().await.unwrap();
    assert_eq!(pay().await.unwrap(), Done { replayed: true, ..paid });

    let refund = || {
        let mut order = refund_order(&store, &first.value);
        order.idempotency = Some(key("refund", 1));
        sales.refund(order)
    };
    let refunded = refund().await.unwrap();
    assert_eq!(refund().await.unwrap(), Done { replayed: true, ..refunded });
    assert_eq!(hold().await.unwrap(), Done { replayed: true, ..first }, "the answer as it was then");
    assert_eq!(sales.balance(customer).await.unwrap(), Some(amount(1_000)));
    assert_sound(&store).await;
}

async fn a_key_used_for_another_request_is_noticed(store: Store) {
    let (sales, performance) = (sales(&store, LaneLimits::default()), on_sale(&store, 10).await);
    let customer = customers(&store, 1).await[0];
    sales.hold(named(hold_order(&store, &performance, customer, &[1]), key("k", 1))).await.unwrap();
    let other = sales.hold(named(hold_order(&store, &performance, customer, &[2]), key("k", 2))).await;
    assert_eq!(other, Err(StepError::IdempotencyKeyReused));
    let mut charge = charge_order(&store, customer, 5);
    charge.idempotency = Some(key("k", 1));
    sales.charge(charge.clone()).await.unwrap();
    charge.idempotency = Some(key("k", 2));
    assert_eq!(sales.charge(charge).await, Err(StepError::IdempotencyKeyReused));
    assert_sound(&store).await;
}

async fn keys_are_compared_byte_by_byte_and_belong_to_one_account_and_step(store: Store) {
    let (sales, performance) = (sales(&store, LaneLimits::default()), on_sale(&store, 10).await);
    let customers = customers_with(&store, &sales, 2, 1_000).await;
    let hold = |customer: usize, seat, name| {
        sales.hold(named(hold_order(&store, &performance, customers[customer], &[seat]), key(name, 1)))
    };
    let first = hold(0, 1, "Key-A").await.unwrap();
    let second = hold(0, 2, "key-a").await.unwrap();
    let others = hold(1, 3, "Key-A").await.unwrap();
    assert!([&first, &second, &others].iter().all(|done| !done.replayed));
    let mut pay = pay_order(&store, &first.value);
    pay.idempotency = Some(key("Key-A", 9));
    assert!(!sales.pay(pay).await.unwrap().replayed);
    assert_sound(&store).await;
}

async fn keys_of_payments_belong_to_one_reservation(store: Store) {
    let (sales, performance) = (sales(&store, LaneLimits::default()), on_sale(&store, 10).await);
    let customer = customers_with(&store, &sales, 1, 1_000).await[0];
    for seat in [1, 2] {
        let reservation = held(&store, &sales, &performance, customer, &[seat]).await;
        let pay = || {
            let mut order = pay_order(&store, &reservation);
            order.idempotency = Some(key("k", u8::try_from(seat).unwrap()));
            sales.pay(order)
        };
        assert!(!pay().await.unwrap().replayed, "another path is another request");
        assert!(pay().await.unwrap().replayed);
    }
    assert_sound(&store).await;
}

async fn a_refusal_is_not_kept(store: Store) {
    let (sales, performance) = (sales(&store, LaneLimits::default()), on_sale(&store, 10).await);
    let customers = customers(&store, 2).await;
    let first = held(&store, &sales, &performance, customers[0], &[1]).await;
    let order = || named(hold_order(&store, &performance, customers[1], &[1]), key("k", 1));
    let refused = StepError::Refused(HoldRefusal::SeatsTaken { conflicts: vec![1] });
    assert_eq!(sales.hold(order()).await, Err(refused));
    sales.release(release_order(&first)).await.unwrap();
    assert!(!sales.hold(order()).await.unwrap().replayed, "the same key may try again");
}

async fn a_charge_whose_key_is_forgotten_is_recorded_once(store: Store) {
    let sales = sales(&store, LaneLimits::default());
    let customer = customers(&store, 1).await[0];
    let mut order = charge_order(&store, customer, 1_000);
    order.idempotency = Some(key("charge", 1));
    let charged = sales.charge(order.clone()).await.unwrap();
    store.clock.advance(TimeDelta::hours(25));
    SqlPurge::new(store.database.clone(), store.context.clone()).idempotency_keys(100).await.unwrap();
    order.charge.entry = store.context.new_id();
    assert_eq!(sales.charge(order).await.unwrap(), Done { replayed: true, ..charged });
    assert_eq!(sales.balance(customer).await.unwrap(), Some(amount(1_000)));
    assert_sound(&store).await;
}

async fn of_identical_requests_at_once_one_is_carried_out(store: Store) {
    for lanes in [LaneLimits::default(), SINGLY] {
        let performance = on_sale(&store, 10).await;
        let replicas = [sales(&store, lanes), replica(&store, lanes).await];
        let customers = customers(&store, 10).await;
        for (seat, customer) in (0..).zip(customers) {
            let requests = (0..20_usize).map(|number| {
                let order = named(hold_order(&store, &performance, customer, &[seat]), key("again", 1));
                let sales = replicas[number % 2].clone();
                tokio::spawn(async move { sales.hold(order).await })
            });
            let answers: Vec<_> = join_all(requests).await.into_iter().map(|one| one.unwrap().unwrap()).collect();
            assert_eq!(answers.iter().filter(|done| !done.replayed).count(), 1);
            assert!(answers.iter().all(|done| done.value == answers[0].value));
        }
    }
    assert_sound(&store).await;
}
