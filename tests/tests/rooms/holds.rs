//! Holding seats on an admission: not once the visit has ended, whichever replica has heard of it.

use onsale_application::ports::{BoxOffice, HoldOrder, Rooms};
use onsale_domain::box_office::{Admission, HoldRefusal};
use onsale_domain::waiting_room::{EndReason, QueueNumber, VisitorId};
use onsale_support::lanes::LaneLimits;
use onsale_tests::sales::{assert_sound, customers, hold_order, on_sale, sales};
use onsale_tests::store::Store;

use super::support::{PASS, draft, opened, refused, rooms, tick};

onsale_tests::contracts!(seats_are_held_on_a_visit_that_is_alive_and_on_no_other, a_group_tells_admissions_apart);

fn on(order: HoldOrder, admission: Admission) -> HoldOrder {
    HoldOrder { hold: onsale_domain::box_office::Hold { admission: Some(admission), ..order.hold }, ..order }
}

async fn seats_are_held_on_a_visit_that_is_alive_and_on_no_other(store: Store) {
    let (rooms, sales) = (rooms(&store), sales(&store, LaneLimits::default()));
    let performance = on_sale(&store, 20).await;
    let customer = customers(&store, 1).await[0];
    let room = opened(&store, draft(&store), 10).await;
    let order = |seat, number| on(hold_order(&store, &performance, customer, &[seat]), Admission { room, number });
    assert_eq!(refused(sales.hold(order(0, 1)).await), HoldRefusal::PassEnded, "a visit that never began");
    tick(&rooms, room).await;
    let visitor = VisitorId::from(customer);
    rooms.claim(room, &visitor, 1).await.unwrap();
    let held = sales.hold(order(0, 1)).await.unwrap().value;
    rooms.end(room, &visitor, 1, EndReason::Paid).await.unwrap();
    assert_eq!(refused(sales.hold(order(1, 1)).await), HoldRefusal::PassEnded);
    rooms.claim(room, &visitor, 2).await.unwrap();
    store.clock.advance(PASS);
    assert_eq!(refused(sales.hold(order(1, 2)).await), HoldRefusal::PassEnded, "a visit that has expired");
    assert!(sales.reservation(held.id).await.unwrap().is_some());
    assert_sound(&store).await;
}

async fn a_group_tells_admissions_apart(store: Store) {
    let (rooms, sales) = (rooms(&store), sales(&store, LaneLimits::default()));
    let performance = on_sale(&store, 100).await;
    let customers = customers(&store, 60).await;
    let (first, second) = (opened(&store, draft(&store), 100).await, opened(&store, draft(&store), 100).await);
    for room in [first, second] {
        tick(&rooms, room).await;
    }
    for number in 1..=10 {
        let visitor = VisitorId::from(customers[usize::try_from(number).unwrap()]);
        rooms.claim(first, &visitor, number).await.unwrap();
        if number % 2 == 0 {
            rooms.claim(second, &visitor, number).await.unwrap();
        }
    }
    let holds = (0..).zip(&customers).map(|(seat, customer)| {
        let number = QueueNumber::from(seat % 20) + 1;
        let room = if seat < 40 { first } else { second };
        let order = on(hold_order(&store, &performance, *customer, &[seat]), Admission { room, number });
        let sales = sales.clone();
        async move { (room, number, sales.hold(order).await) }
    });
    for (room, number, held) in futures_util::future::join_all(holds).await {
        let is_inside = number <= 10 && (room == first || number % 2 == 0);
        assert_eq!(held.is_ok(), is_inside, "{number}: {held:?}");
    }
    assert_sound(&store).await;
}
