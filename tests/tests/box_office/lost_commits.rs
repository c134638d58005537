//! A connection that breaks at the `COMMIT`: the caller hears what really happened, and it happened once.

use futures_util::future::join_all;
use onsale_application::ports::{BoxOffice, BusMessage, Cashier, IdempotencyKey, StepError};
use onsale_domain::box_office::{HoldRefusal, Released};
use onsale_domain::performance::Performance;
use onsale_domain::reservation::ReservationState;
use onsale_sql::{Database, DatabaseSettings, SqlSales};
use onsale_support::lanes::LaneLimits;
use onsale_tests::sales::{
    assert_sound, charge_order, customers, customers_with, held, hold_order, on_sale, pay_order, refund_order,
    release_order, sales, sales_on,
};
use onsale_tests::samples::amount;
use onsale_tests::store::Store;

use onsale_tests::proxy::{Cut, Proxy};

/// A database, reached directly and through a wire that breaks.
struct Wired {
    store: Store,
    proxy: Proxy,
    direct: SqlSales,
    through_proxy: SqlSales,
    performance: Performance,
}

impl Wired {
    async fn new() -> Self {
        let store = Store::mysql().await;
        let proxy = Proxy::to(&store.settings.url).await;
        let database = Database::connect(&DatabaseSettings::new(proxy.url())).await.unwrap();
        let direct = sales(&store, LaneLimits::default());
        let through_proxy = sales_on(&store, database, LaneLimits::default());
        let performance = on_sale(&store, 100).await;
        Self { store, proxy, direct, through_proxy, performance }
    }
}

#[tokio::test]
async fn each_step_answers_what_happened() {
    let test = Wired::new().await;
    let Wired { store, proxy, direct, through_proxy: wired, performance } = &test;
    for (cut, seat) in [(Cut::BeforeCommit, 0), (Cut::AfterCommit, 10)] {
        let customer = customers(store, 1).await[0];

        proxy.arm(cut);
        let charged = wired.charge(charge_order(store, customer, 1_000)).await.unwrap();
        assert!(proxy.has_cut() && !charged.replayed, "{cut:?}");
        assert_eq!(direct.charge_receipt(charged.value.charge.id).await.unwrap(), Some(charged.value));
        assert_eq!(direct.balance(customer).await.unwrap(), Some(amount(1_000)), "charged once");

        proxy.arm(cut);
        let reservation = held(store, wired, performance, customer, &[seat, seat + 1]).await;
        assert!(proxy.has_cut());
        assert_eq!(direct.reservation(reservation.id).await.unwrap().unwrap(), reservation);

        proxy.arm(cut);
        let (payment, paid) = wired.pay(pay_order(store, &reservation)).await.unwrap().value;
        assert!(proxy.has_cut());
        assert_eq!(direct.payment(payment.id).await.unwrap().unwrap(), payment);
        assert_eq!(direct.reservation(reservation.id).await.unwrap().unwrap(), paid);
        assert_eq!(direct.balance(customer).await.unwrap(), Some(amount(700)), "paid once");

        proxy.arm(cut);
        let (_, refunded) = wired.refund(refund_order(store, &paid)).await.unwrap().value;
        assert!(proxy.has_cut());
        assert_eq!(direct.reservation(reservation.id).await.unwrap().unwrap(), refunded);
        assert_eq!(direct.balance(customer).await.unwrap(), Some(amount(1_000)), "refunded once");

        let reservation = held(store, wired, performance, customer, &[seat + 2]).await;
        proxy.arm(cut);
        let released = wired.release(release_order(&reservation)).await.unwrap();
        assert!(proxy.has_cut());
        assert!(matches!(released, Released::Ended(ended) if ended.state == ReservationState::Cancelled));
    }
    assert_sound(store).await;
}

#[tokio::test]
async fn a_named_request_is_no_replay_of_itself() {
    let Wired { store, proxy, through_proxy: wired, performance, .. } = &Wired::new().await;
    for (cut, seat) in [(Cut::BeforeCommit, 0), (Cut::AfterCommit, 1)] {
        let customer = customers(store, 1).await[0];
        let mut order = hold_order(store, performance, customer, &[seat]);
        order.idempotency = Some(IdempotencyKey::new("once", [1; 32]).unwrap());
        let mut again = order.clone();
        again.hold.reservation = store.context.new_id();
        proxy.arm(cut);
        let first = wired.hold(order).await.unwrap();
        assert!(proxy.has_cut() && !first.replayed);
        let second = wired.hold(again).await.unwrap();
        assert!(second.replayed);
        assert_eq!(second.value, first.value);
    }
    assert_sound(store).await;
}

#[tokio::test]
async fn a_whole_group_answers_what_happened() {
    const GROUP: usize = 60;
    let Wired { store, proxy, direct, through_proxy: wired, performance } = &Wired::new().await;
    for (cut, first) in [(Cut::BeforeCommit, 0), (Cut::AfterCommit, 30)] {
        let customers = customers_with(store, direct, GROUP, 1_000).await;
        proxy.arm(cut);
        // two customers want each seat
        let holds = (0..)
            .zip(&customers)
            .map(|(number, customer)| wired.hold(hold_order(store, performance, *customer, &[first + number / 2])));
        let answers = join_all(holds).await;
        assert!(proxy.has_cut());
        for pair in answers.chunks(2) {
            let [Ok(won), Err(StepError::Refused(HoldRefusal::SeatsTaken { .. }))] = pair else {
                panic!("the first to come has the seat: {pair:?}");
            };
            assert_eq!(direct.reservation(won.value.id).await.unwrap().unwrap(), won.value);
        }
    }
    assert_sound(store).await;
}

#[tokio::test]
async fn whoever_keeps_a_copy_of_the_seats_is_told_to_read_again() {
    let Wired { store, proxy, direct, through_proxy: wired, performance } = &Wired::new().await;
    let customer = customers(store, 1).await[0];
    proxy.arm(Cut::AfterCommit);
    held(store, wired, performance, customer, &[0]).await;
    let (epoch, version) = direct.seat_version(performance.id).await.unwrap().unwrap();
    assert_ne!(epoch, 0, "no performance has the epoch that means to read again");
    let heard: Vec<_> = store.bus.heard();
    let [BusMessage::Seats(delta)] = &heard[..] else { panic!("one message was expected: {heard:?}") };
    assert_eq!((delta.performance, delta.epoch, delta.seats.len()), (performance.id, 0, 0));
    assert_eq!(version, 1, "the hold itself happened once");
}
