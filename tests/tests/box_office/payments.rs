//! Points: charged, paid and refunded, each once and in full.

use chrono::TimeDelta;
use futures_util::future::join_all;
use onsale_application::ports::{BoxOffice, Cashier, StepError};
use onsale_domain::box_office::{PayRefusal, RefundRefusal, ReleaseRefusal};
use onsale_domain::charge::{CHARGE_LIMIT, ChargeRefusal};
use onsale_domain::points::EntryKind;
use onsale_domain::reservation::{ReservationState, ReservationStatus};
use onsale_domain::seat::SeatState;
use onsale_support::lanes::LaneLimits;
use onsale_tests::sales::{
    SINGLY, assert_sound, charge_order, customers, customers_with, held, on_sale, pay_order, refund_order,
    release_order, replica, sales,
};
use onsale_tests::samples::amount;
use onsale_tests::store::Store;

onsale_tests::contracts!(
    paying_sells_the_seats_and_moves_the_points,
    paying_twice_at_once_pays_once,
    too_few_points_pay_nothing,
    a_late_payment_is_refused_and_moves_no_points,
    another_customers_reservation_is_unknown,
    a_refund_gives_seats_and_points_back,
    charges_at_once_all_count,
    a_charge_is_refused_when_it_is_out_of_range_or_nobodys,
);

async fn paying_sells_the_seats_and_moves_the_points(store: Store) {
    let (sales, performance) = (sales(&store, LaneLimits::default()), on_sale(&store, 10).await);
    let customer = customers_with(&store, &sales, 1, 1_000).await[0];
    let reservation = held(&store, &sales, &performance, customer, &[2, 3]).await;
    let (payment, paid) = sales.pay(pay_order(&store, &reservation)).await.unwrap().value;
    assert_eq!((payment.amount, payment.balance), (amount(300), amount(700)));
    assert_eq!(paid.status(store.context.now()), ReservationStatus::Paid);
    assert_eq!(sales.balance(customer).await.unwrap(), Some(amount(700)));
    assert_eq!(sales.payment(payment.id).await.unwrap().unwrap(), payment);
    assert_eq!(sales.reservation(paid.id).await.unwrap().unwrap(), paid);
    let taken = sales.seat_map(performance.id).await.unwrap().unwrap().taken;
    assert!(taken.iter().all(|seat| seat.state == SeatState::Sold { to: paid.id }) && taken.len() == 2);
    let refused = sales.release(release_order(&paid)).await;
    assert_eq!(refused, Err(StepError::Refused(ReleaseRefusal::AlreadyPaid)));
    assert_sound(&store).await;
}

async fn paying_twice_at_once_pays_once(store: Store) {
    for lanes in [LaneLimits::default(), SINGLY] {
        let performance = on_sale(&store, 100).await;
        let replicas = [sales(&store, lanes), replica(&store, lanes).await];
        let customers = customers_with(&store, &replicas[0], 50, 1_000).await;
        for (no, customer) in (0..).zip(customers) {
            let reservation = held(&store, &replicas[0], &performance, customer, &[no]).await;
            let orders = [pay_order(&store, &reservation), pay_order(&store, &reservation)];
            let [first, second] = orders;
            let answers = tokio::join!(replicas[0].pay(first), replicas[1].pay(second));
            let expected = Err(StepError::Refused(PayRefusal::AlreadyPaid));
            assert!(
                (answers.0.is_ok() && answers.1 == expected) || (answers.1.is_ok() && answers.0 == expected),
                "{answers:?}"
            );
            let balance = amount(1_000 - reservation.amount.units());
            assert_eq!(replicas[0].balance(customer).await.unwrap(), Some(balance));
        }
    }
    assert_sound(&store).await;
}

async fn too_few_points_pay_nothing(store: Store) {
    let (sales, performance) = (sales(&store, LaneLimits::default()), on_sale(&store, 10).await);
    let customer = customers_with(&store, &sales, 1, 150).await[0];
    let reservation = held(&store, &sales, &performance, customer, &[3]).await;
    let refused = sales.pay(pay_order(&store, &reservation)).await;
    assert_eq!(refused, Err(StepError::Refused(PayRefusal::InsufficientPoints { missing: amount(50) })));
    sales.charge(charge_order(&store, customer, 50)).await.unwrap();
    let (payment, _) = sales.pay(pay_order(&store, &reservation)).await.unwrap().value;
    assert_eq!(payment.balance, amount(0));
    assert_sound(&store).await;
}

async fn a_late_payment_is_refused_and_moves_no_points(store: Store) {
    let (sales, performance) = (sales(&store, LaneLimits::default()), on_sale(&store, 10).await);
    let customers = customers_with(&store, &sales, 2, 1_000).await;
    let reservation = held(&store, &sales, &performance, customers[0], &[3]).await;
    store.clock.advance(TimeDelta::seconds(300));
    let late = Err(StepError::Refused(PayRefusal::HoldExpired));
    assert_eq!(sales.pay(pay_order(&store, &reservation)).await, late);
    held(&store, &sales, &performance, customers[1], &[3]).await;
    assert_eq!(sales.pay(pay_order(&store, &reservation)).await, late, "its seat is somebody else's by now");
    assert_eq!(sales.balance(customers[0]).await.unwrap(), Some(amount(1_000)));
    assert_sound(&store).await;
}

async fn another_customers_reservation_is_unknown(store: Store) {
    let (sales, performance) = (sales(&store, LaneLimits::default()), on_sale(&store, 10).await);
    let customers = customers_with(&store, &sales, 2, 1_000).await;
    let reservation = held(&store, &sales, &performance, customers[0], &[3]).await;
    let mut order = pay_order(&store, &reservation);
    order.payment.customer = customers[1];
    assert_eq!(sales.pay(order).await, Err(StepError::Refused(PayRefusal::Unknown)));
    let mut order = refund_order(&store, &reservation);
    order.refund.customer = customers[1];
    assert_eq!(sales.refund(order).await, Err(StepError::Refused(RefundRefusal::Unknown)));
}

async fn a_refund_gives_seats_and_points_back(store: Store) {
    let (sales, performance) = (sales(&store, LaneLimits::default()), on_sale(&store, 10).await);
    let customer = customers_with(&store, &sales, 1, 1_000).await[0];
    let reservation = held(&store, &sales, &performance, customer, &[2, 3]).await;
    let too_early = sales.refund(refund_order(&store, &reservation)).await;
    assert_eq!(too_early, Err(StepError::Refused(RefundRefusal::NotRefundable)));
    let (payment, _) = sales.pay(pay_order(&store, &reservation)).await.unwrap().value;
    let (refund, refunded) = sales.refund(refund_order(&store, &reservation)).await.unwrap().value;
    assert_eq!((refund.payment, refund.amount, refund.balance), (payment.id, amount(300), amount(1_000)));
    assert!(matches!(refunded.state, ReservationState::Refunded { payment: id, .. } if id == payment.id));
    let again = sales.refund(refund_order(&store, &reservation)).await;
    assert_eq!(again, Err(StepError::Refused(RefundRefusal::NotRefundable)));
    assert!(sales.seat_map(performance.id).await.unwrap().unwrap().taken.is_empty());
    let kinds: Vec<_> = sales.entries(customer, None, 10).await.unwrap().items.iter().map(|one| one.kind).collect();
    assert_eq!(kinds, [EntryKind::Refund, EntryKind::Payment, EntryKind::Charge]);
    assert_sound(&store).await;
}

async fn charges_at_once_all_count(store: Store) {
    let replicas = [sales(&store, SINGLY), replica(&store, LaneLimits::default()).await];
    let customers = customers(&store, 20).await;
    let charges = (0..1_000_usize).map(|number| {
        let sales = replicas[number % 2].clone();
        let order = charge_order(&store, customers[number % 20], 7);
        tokio::spawn(async move { sales.charge(order).await })
    });
    for charge in join_all(charges).await {
        let receipt = charge.unwrap().unwrap().value;
        assert_eq!(replicas[0].charge_receipt(receipt.charge.id).await.unwrap().unwrap(), receipt);
    }
    for customer in customers {
        assert_eq!(replicas[0].balance(customer).await.unwrap(), Some(amount(350)));
    }
    assert_sound(&store).await;
}

async fn a_charge_is_refused_when_it_is_out_of_range_or_nobodys(store: Store) {
    let sales = sales(&store, LaneLimits::default());
    let customer = customers(&store, 1).await[0];
    let too_much = sales.charge(charge_order(&store, customer, CHARGE_LIMIT.units() + 1)).await;
    assert_eq!(too_much, Err(StepError::Refused(ChargeRefusal::AmountOutOfRange)));
    let nobodys = sales.charge(charge_order(&store, store.context.new_id(), 5)).await;
    assert_eq!(nobodys, Err(StepError::Refused(ChargeRefusal::UnknownAccount)));
    assert_eq!(sales.balance(customer).await.unwrap(), Some(amount(0)));
    assert_eq!(sales.balance(store.context.new_id()).await.unwrap(), None);
}
