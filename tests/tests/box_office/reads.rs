//! Reading reservations, holds and entries.

use chrono::TimeDelta;
use onsale_application::ports::{BoxOffice, Cashier, OpenHold, ReservationFilter};
use onsale_domain::ids::ReservationId;
use onsale_domain::reservation::ReservationStatus;
use onsale_support::lanes::LaneLimits;
use onsale_tests::sales::{
    charge_order, customers, customers_with, held, on_sale, pay_order, refund_order, release_order, sales,
};
use onsale_tests::store::Store;

onsale_tests::contracts!(
    reservations_are_listed_newest_first_by_their_status_now,
    reservations_are_listed_in_pages,
    open_holds_are_listed_in_the_order_of_their_ends,
    entries_are_listed_newest_first_in_pages,
);

async fn reservations_are_listed_newest_first_by_their_status_now(store: Store) {
    let (sales, performance) = (sales(&store, LaneLimits::default()), on_sale(&store, 10).await);
    let elsewhere = on_sale(&store, 10).await;
    let customer = customers_with(&store, &sales, 1, 10_000).await[0];
    let overdue = held(&store, &sales, &performance, customer, &[0]).await;
    store.clock.advance(TimeDelta::seconds(300));
    let expired = held(&store, &sales, &performance, customer, &[1]).await;
    store.clock.advance(TimeDelta::seconds(300));
    sales.expire(performance.id, expired.id).await.unwrap();
    let cancelled = held(&store, &sales, &performance, customer, &[2]).await;
    sales.release(release_order(&cancelled)).await.unwrap();
    let paid = held(&store, &sales, &performance, customer, &[3]).await;
    sales.pay(pay_order(&store, &paid)).await.unwrap();
    let refunded = held(&store, &sales, &elsewhere, customer, &[4]).await;
    sales.pay(pay_order(&store, &refunded)).await.unwrap();
    sales.refund(refund_order(&store, &refunded)).await.unwrap();
    let live = held(&store, &sales, &performance, customer, &[5, 6]).await;

    let listed = async |status, performance| {
        let filter = ReservationFilter { customer, status, performance };
        let page = sales.reservations(filter, None, 100).await.unwrap();
        assert_eq!(page.next, None);
        page.items.into_iter().map(|reservation| reservation.id).collect::<Vec<_>>()
    };
    let all = [live.id, refunded.id, paid.id, cancelled.id, expired.id, overdue.id];
    assert_eq!(listed(None, None).await, all);
    assert_eq!(listed(Some(ReservationStatus::Held), None).await, [live.id]);
    assert_eq!(listed(Some(ReservationStatus::Expired), None).await, [expired.id, overdue.id]);
    assert_eq!(listed(Some(ReservationStatus::Cancelled), None).await, [cancelled.id]);
    assert_eq!(listed(Some(ReservationStatus::Paid), None).await, [paid.id]);
    assert_eq!(listed(Some(ReservationStatus::Refunded), None).await, [refunded.id]);
    assert_eq!(listed(None, Some(elsewhere.id)).await, [refunded.id]);
    assert_eq!(sales.reservation(live.id).await.unwrap(), Some(live));
    assert_eq!(sales.reservation(store.context.new_id()).await.unwrap(), None);
}

async fn reservations_are_listed_in_pages(store: Store) {
    let (sales, performance) = (sales(&store, LaneLimits::default()), on_sale(&store, 20).await);
    let customers = customers(&store, 2).await;
    let mut made: Vec<ReservationId> = Vec::new();
    for round in 0..5 {
        let reservation = held(&store, &sales, &performance, customers[0], &[2 * round, 2 * round + 1]).await;
        held(&store, &sales, &performance, customers[1], &[10 + round]).await;
        made.insert(0, reservation.id);
        store.clock.advance(TimeDelta::seconds(300));
    }
    let filter = ReservationFilter { customer: customers[0], status: None, performance: Some(performance.id) };
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let page = sales.reservations(filter, before, 2).await.unwrap();
        assert!(page.items.iter().all(|reservation| reservation.items.len() == 2));
        seen.extend(page.items.iter().map(|reservation| reservation.id));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(seen, made);
}

async fn open_holds_are_listed_in_the_order_of_their_ends(store: Store) {
    let (sales, performance) = (sales(&store, LaneLimits::default()), on_sale(&store, 20).await);
    let customers = customers(&store, 6).await;
    let mut made = Vec::new();
    for (no, customer) in (0..).zip(customers) {
        let hold = held(&store, &sales, &performance, customer, &[no]).await;
        made.push(OpenHold { reservation: hold.id, performance: performance.id, held_until: hold.held_until });
        if no % 2 == 1 {
            store.clock.advance(TimeDelta::seconds(1)); // two end at every moment
        }
    }
    sales.release(release_order(&sales.reservation(made[1].reservation).await.unwrap().unwrap())).await.unwrap();
    made.remove(1);
    let until = made[3].held_until;
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let some = sales.open_holds(until, after, 2).await.unwrap();
        let Some(last) = some.last() else { break };
        after = Some((last.held_until, last.reservation));
        seen.extend(some);
    }
    assert_eq!(seen, made[..if made[4].held_until == until { 5 } else { 4 }]);
}

async fn entries_are_listed_newest_first_in_pages(store: Store) {
    let sales = sales(&store, LaneLimits::default());
    let customer = customers(&store, 1).await[0];
    for points in 1..=5 {
        sales.charge(charge_order(&store, customer, points)).await.unwrap();
    }
    let first = sales.entries(customer, None, 3).await.unwrap();
    let rest = sales.entries(customer, first.next, 3).await.unwrap();
    let amounts: Vec<_> = first.items.iter().chain(&rest.items).map(|entry| entry.amount.units()).collect();
    assert_eq!(amounts, [5, 4, 3, 2, 1]);
    assert_eq!(rest.next, None);
    assert_eq!(first.items[0].balance_after.unwrap().units(), 15);
}
