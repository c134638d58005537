//! Holding, paying and giving back.

use chrono::TimeDelta;
use onsale_application::ports::{
    BoxOffice, Cashier, CatalogueEditor, IdempotencyKey, PerformanceChange, ReservationFilter, StepError,
};
use onsale_domain::box_office::{HoldRefusal, ReleaseRefusal, Wanted};
use onsale_domain::ids::CategoryId;
use onsale_domain::performance::CategoryKind;
use onsale_domain::reservation::ReservationStatus;
use onsale_support::lanes::LaneLimits;
use onsale_tests::sales::{
    assert_sound, customers, customers_with, held, hold_order, on_sale, pay_order, refund_order, release_order, sales,
};
use onsale_tests::samples::amount;
use onsale_tests::store::Store;
use onsale_tests::tickets::{
    TICKET_PRICE, catalogue, held_tickets, left, standing, standing_beside, stored, tickets_order,
};

use onsale_tests::sales::refused;

onsale_tests::contracts!(
    a_hold_takes_its_tickets_and_fixes_their_price,
    all_that_are_wanted_are_held_or_none,
    tickets_are_paid_and_given_back_like_seats,
    a_released_hold_gives_its_tickets_back_once,
    a_repeated_hold_takes_its_tickets_once,
    a_performance_has_seats_and_tickets,
    seats_and_tickets_count_together,
    what_is_no_category_of_tickets_is_refused_by_name,
);

async fn a_hold_takes_its_tickets_and_fixes_their_price(store: Store) {
    let (sales, standing) = (sales(&store, LaneLimits::default()), standing(&store, 10).await);
    let customers = customers_with(&store, &sales, 2, 1_000).await;
    let before = held_tickets(&store, &sales, &standing, customers[0], 3).await;
    assert_eq!(before.amount, amount(3 * TICKET_PRICE));
    assert_eq!(before.held_until, store.context.now() + TimeDelta::seconds(300));
    assert!(before.items.iter().all(|item| (item.category, item.seat) == (standing.category, None)));
    assert_eq!(before.tickets().into_iter().collect::<Vec<_>>(), [(standing.category, 3)]);
    assert_eq!(sales.reservation(before.id).await.unwrap().unwrap(), before);
    let filter = ReservationFilter { customer: customers[0], status: Some(ReservationStatus::Held), performance: None };
    assert_eq!(sales.reservations(filter, None, 10).await.unwrap().items, std::slice::from_ref(&before));

    let dearer = PerformanceChange { prices: vec![(standing.category, amount(90))], ..Default::default() };
    catalogue(&store).change_performance(standing.performance.id, dearer, None).await.unwrap();
    let after = held_tickets(&store, &sales, &standing, customers[1], 1).await;
    assert_eq!(after.amount, amount(90));
    let (payment, _) = sales.pay(pay_order(&store, &before)).await.unwrap().value;
    assert_eq!(payment.amount, amount(3 * TICKET_PRICE), "the price is fixed when held");
    assert_sound(&store).await;
}

async fn all_that_are_wanted_are_held_or_none(store: Store) {
    let (sales, standing) = (sales(&store, LaneLimits::default()), standing(&store, 5).await);
    let customers = customers(&store, 4).await;
    held_tickets(&store, &sales, &standing, customers[0], 3).await;
    let too_many = sales.hold(tickets_order(&store, &standing, customers[1], 3)).await;
    assert_eq!(too_many, refused(HoldRefusal::SoldOut));
    assert_eq!((stored(&sales, &standing).await.taken, left(&store, &sales, &standing).await), (3, 2));
    held_tickets(&store, &sales, &standing, customers[2], 2).await;
    let none_left = sales.hold(tickets_order(&store, &standing, customers[3], 1)).await;
    assert_eq!(none_left, refused(HoldRefusal::SoldOut));
    assert_eq!((stored(&sales, &standing).await.taken, left(&store, &sales, &standing).await), (5, 0));
    assert_sound(&store).await;
}

async fn tickets_are_paid_and_given_back_like_seats(store: Store) {
    let (sales, standing) = (sales(&store, LaneLimits::default()), standing(&store, 5).await);
    let customer = customers_with(&store, &sales, 1, 1_000).await[0];
    let reservation = held_tickets(&store, &sales, &standing, customer, 3).await;
    let (payment, paid) = sales.pay(pay_order(&store, &reservation)).await.unwrap().value;
    assert_eq!((payment.amount, payment.balance), (amount(150), amount(850)));
    assert_eq!(sales.release(release_order(&paid)).await, Err(StepError::Refused(ReleaseRefusal::AlreadyPaid)));
    assert_eq!(stored(&sales, &standing).await.taken, 3);
    assert_sound(&store).await;
    let (refund, refunded) = sales.refund(refund_order(&store, &paid)).await.unwrap().value;
    assert_eq!((refund.amount, refund.balance), (amount(150), amount(1_000)));
    assert_eq!(sales.reservation(reservation.id).await.unwrap().unwrap(), refunded);
    assert_eq!((stored(&sales, &standing).await.taken, left(&store, &sales, &standing).await), (0, 5));
    sales.refund(refund_order(&store, &paid)).await.unwrap_err();
    assert_eq!(stored(&sales, &standing).await.taken, 0, "nothing is given back twice");
    assert_sound(&store).await;
}

async fn a_released_hold_gives_its_tickets_back_once(store: Store) {
    let (sales, standing) = (sales(&store, LaneLimits::default()), standing(&store, 4).await);
    let customers = customers(&store, 2).await;
    let reservation = held_tickets(&store, &sales, &standing, customers[0], 3).await;
    held_tickets(&store, &sales, &standing, customers[1], 1).await;
    for _ in 0..2 {
        sales.release(release_order(&reservation)).await.unwrap();
        assert_eq!(stored(&sales, &standing).await.taken, 1);
    }
    held_tickets(&store, &sales, &standing, customers[1], 3).await;
    assert_sound(&store).await;
}

async fn a_repeated_hold_takes_its_tickets_once(store: Store) {
    let (sales, standing) = (sales(&store, LaneLimits::default()), standing(&store, 4).await);
    let customer = customers(&store, 1).await[0];
    let wish = |request| {
        let mut order = tickets_order(&store, &standing, customer, 2);
        order.idempotency = Some(IdempotencyKey::new("k", [request; 32]).unwrap());
        sales.hold(order)
    };
    let (first, again) = (wish(1).await.unwrap(), wish(1).await.unwrap());
    assert_eq!((first.replayed, again.replayed, first.value), (false, true, again.value));
    assert_eq!(wish(2).await, Err(StepError::IdempotencyKeyReused));
    assert_eq!(stored(&sales, &standing).await.taken, 2);
}

async fn a_performance_has_seats_and_tickets(store: Store) {
    let (sales, both) = (sales(&store, LaneLimits::default()), standing_beside(&store, 10, 5).await);
    let performance = &both.performance;
    let kinds: Vec<_> = performance.categories.iter().map(|priced| priced.kind).collect();
    let tickets = CategoryKind::Allotment { capacity: 5, area: None };
    assert_eq!(kinds, [CategoryKind::Seats, CategoryKind::Seats, tickets]);
    let customers = customers_with(&store, &sales, 2, 1_000).await;
    let seated = held(&store, &sales, performance, customers[0], &[2, 3]).await;
    let standing = held_tickets(&store, &sales, &both, customers[1], 4).await;
    assert_eq!((seated.amount, standing.amount), (amount(300), amount(4 * TICKET_PRICE)));
    for reservation in [&seated, &standing] {
        sales.pay(pay_order(&store, reservation)).await.unwrap();
    }
    let map = sales.seat_map(performance.id).await.unwrap().unwrap();
    assert_eq!(map.taken.iter().map(|seat| seat.no).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(map.allotments.iter().map(|map| map.allotment.taken).collect::<Vec<_>>(), [4]);
    let too_many = sales.hold(tickets_order(&store, &both, customers[0], 2)).await;
    assert_eq!(too_many, refused(HoldRefusal::SoldOut), "free seats are no tickets");
    for reservation in [&seated, &standing] {
        sales.refund(refund_order(&store, reservation)).await.unwrap();
    }
    let map = sales.seat_map(performance.id).await.unwrap().unwrap();
    assert!(map.taken.is_empty() && map.allotments[0].allotment.taken == 0);
    assert_sound(&store).await;
}

async fn seats_and_tickets_count_together(store: Store) {
    let (sales, both) = (sales(&store, LaneLimits::default()), standing_beside(&store, 10, 10).await);
    let elsewhere = on_sale(&store, 10).await;
    let customer = customers_with(&store, &sales, 1, 10_000).await[0];
    let tickets = |quantity| sales.hold(tickets_order(&store, &both, customer, quantity));
    assert_eq!(tickets(5).await, refused(HoldRefusal::TooManySeats { limit: 4 }));
    let seated = held(&store, &sales, &both.performance, customer, &[0, 1]).await;
    assert_eq!(tickets(3).await, refused(HoldRefusal::TooManySeats { limit: 4 }));
    let standing = tickets(1).await.unwrap().value;
    let third = sales.hold(hold_order(&store, &elsewhere, customer, &[0])).await;
    assert_eq!(third, refused(HoldRefusal::TooManyHolds { limit: 2 }));
    for reservation in [&seated, &standing] {
        sales.pay(pay_order(&store, reservation)).await.unwrap();
    }
    assert_eq!(tickets(2).await, refused(HoldRefusal::TooManySeats { limit: 4 }), "what is paid counts");
    let seats = sales.hold(hold_order(&store, &both.performance, customer, &[5, 6])).await;
    assert_eq!(seats, refused(HoldRefusal::TooManySeats { limit: 4 }));
    tickets(1).await.unwrap();
    assert_eq!(stored(&sales, &both).await.taken, 2);
    assert_sound(&store).await;
}

async fn what_is_no_category_of_tickets_is_refused_by_name(store: Store) {
    let (sales, both) = (sales(&store, LaneLimits::default()), standing_beside(&store, 10, 5).await);
    let (elsewhere, customer) = (standing(&store, 5).await, customers(&store, 1).await[0]);
    let of_seats = both.performance.categories[0].id;
    for category in [of_seats, elsewhere.category, store.context.new_id::<CategoryId>()] {
        let mut order = tickets_order(&store, &both, customer, 1);
        let Wanted::Tickets { category: wanted, .. } = &mut order.hold.wanted else { panic!("tickets") };
        *wanted = category;
        assert_eq!(sales.hold(order).await, refused(HoldRefusal::UnknownCategory { category }));
    }
    assert_eq!((stored(&sales, &both).await.taken, stored(&sales, &elsewhere).await.taken), (0, 0));
    let seat = sales.hold(hold_order(&store, &elsewhere.performance, customer, &[0])).await;
    assert_eq!(seat, refused(HoldRefusal::UnknownSeats { seats: vec![0] }), "tickets have no seats");
}
