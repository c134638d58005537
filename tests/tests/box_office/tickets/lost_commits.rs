//! A connection that breaks at the `COMMIT`: the caller hears what really happened, and it happened once.

use chrono::TimeDelta;
use futures_util::future::join_all;
use onsale_application::ports::{BoxOffice, BusMessage, Cashier, IdempotencyKey};
use onsale_domain::box_office::{HoldRefusal, Released};
use onsale_domain::reservation::ReservationState;
use onsale_sql::{Database, DatabaseSettings, SqlSales};
use onsale_support::lanes::LaneLimits;
use onsale_tests::sales::{
    assert_sound, customers, customers_with, pay_order, refund_order, release_order, sales, sales_on,
};
use onsale_tests::samples::amount;
use onsale_tests::store::Store;
use onsale_tests::tickets::{held_tickets, standing, stored, tickets_order};

use onsale_tests::proxy::{Cut, Proxy};
use onsale_tests::sales::refused;

const CUTS: [Cut; 2] = [Cut::BeforeCommit, Cut::AfterCommit];

/// A database, reached directly and through a wire that breaks.
async fn wired() -> (Store, Proxy, SqlSales, SqlSales) {
    let store = Store::mysql().await;
    let proxy = Proxy::to(&store.settings.url).await;
    let database = Database::connect(&DatabaseSettings::new(proxy.url())).await.unwrap();
    let direct = sales(&store, LaneLimits::default());
    let through_proxy = sales_on(&store, database, LaneLimits::default());
    (store, proxy, direct, through_proxy)
}

#[tokio::test]
async fn each_step_takes_or_gives_back_its_tickets_once() {
    let (store, proxy, direct, wired) = wired().await;
    for cut in CUTS {
        let (standing, customer) = (standing(&store, 10).await, customers_with(&store, &direct, 1, 1_000).await[0]);
        let taken = async || stored(&direct, &standing).await.taken;
        let mut order = tickets_order(&store, &standing, customer, 3);
        order.idempotency = Some(IdempotencyKey::new("once", [1; 32]).unwrap());
        proxy.arm(cut);
        let held = wired.hold(order.clone()).await.unwrap();
        assert!(proxy.has_cut() && !held.replayed, "{cut:?}");
        assert_eq!(taken().await, 3);
        order.hold.reservation = store.context.new_id();
        let again = wired.hold(order).await.unwrap();
        assert!(again.replayed && again.value == held.value);

        proxy.arm(cut);
        let (payment, paid) = wired.pay(pay_order(&store, &held.value)).await.unwrap().value;
        assert!(proxy.has_cut());
        assert_eq!(direct.payment(payment.id).await.unwrap(), Some(payment));
        assert_eq!((taken().await, direct.balance(customer).await.unwrap()), (3, Some(amount(850))));

        proxy.arm(cut);
        wired.refund(refund_order(&store, &paid)).await.unwrap();
        assert!(proxy.has_cut());
        assert_eq!((taken().await, direct.balance(customer).await.unwrap()), (0, Some(amount(1_000))));

        let reservation = held_tickets(&store, &wired, &standing, customer, 2).await;
        proxy.arm(cut);
        let released = wired.release(release_order(&reservation)).await.unwrap();
        assert!(proxy.has_cut());
        assert!(matches!(released, Released::Ended(ended) if ended.state == ReservationState::Cancelled));
        assert_eq!(taken().await, 0);
    }
    assert_sound(&store).await;
}

#[tokio::test]
async fn tickets_of_an_ended_hold_are_taken_once() {
    let (store, proxy, direct, wired) = wired().await;
    for cut in CUTS {
        let (standing, customers) = (standing(&store, 4).await, customers(&store, 2).await);
        let late = held_tickets(&store, &direct, &standing, customers[0], 4).await;
        store.clock.advance(TimeDelta::seconds(300));
        proxy.arm(cut);
        let next = held_tickets(&store, &wired, &standing, customers[1], 3).await;
        assert!(proxy.has_cut(), "{cut:?}");
        assert_eq!(stored(&direct, &standing).await.taken, 3);
        let states = [late.id, next.id].map(|id| direct.reservation(id));
        let states = join_all(states).await.into_iter().map(|found| found.unwrap().unwrap().state);
        assert_eq!(states.collect::<Vec<_>>(), [ReservationState::Expired, ReservationState::Held]);
    }
    assert_sound(&store).await;
}

#[tokio::test]
async fn a_whole_group_answers_what_happened() {
    const GROUP: usize = 60;
    let (store, proxy, direct, wired) = wired().await;
    for cut in CUTS {
        let (standing, customers) = (standing(&store, 80).await, customers(&store, GROUP).await);
        proxy.arm(cut);
        let answers = join_all(customers.iter().map(|one| wired.hold(tickets_order(&store, &standing, *one, 2)))).await;
        assert!(proxy.has_cut());
        assert!(answers[..40].iter().all(Result::is_ok), "first come, first served: {answers:?}");
        assert!(answers[40..].iter().all(|answer| *answer == refused(HoldRefusal::SoldOut)));
        for held in answers.into_iter().flatten() {
            assert_eq!(direct.reservation(held.value.id).await.unwrap(), Some(held.value));
        }
        assert_eq!(stored(&direct, &standing).await.taken, 80);
    }
    assert_sound(&store).await;
}

#[tokio::test]
async fn whoever_keeps_a_copy_is_told_to_read_again() {
    let (store, proxy, direct, wired) = wired().await;
    let (standing, customer) = (standing(&store, 5).await, customers(&store, 1).await[0]);
    proxy.arm(Cut::AfterCommit);
    held_tickets(&store, &wired, &standing, customer, 1).await;
    let heard: Vec<_> = store.bus.heard();
    let [BusMessage::Seats(delta)] = &heard[..] else { panic!("one message was expected: {heard:?}") };
    assert_eq!((delta.performance, delta.epoch, delta.allotments.len()), (standing.performance.id, 0, 0));
    assert_eq!(direct.seat_version(standing.performance.id).await.unwrap().unwrap().1, 1);
}
