//! Seats: all of them or none, each for one only.

use chrono::TimeDelta;
use futures_util::future::join_all;
use onsale_application::ports::{BoxOffice, BusMessage, CatalogueEditor, PerformanceChange, ReleaseOrder, StepError};
use onsale_domain::box_office::{HoldRefusal, ReleaseRefusal, Released};
use onsale_domain::ids::PerformanceId;
use onsale_domain::performance::SalesStatus;
use onsale_domain::reservation::{Reservation, ReservationState};
use onsale_domain::seat::{SeatNo, SeatState};
use onsale_sql::SqlCatalogue;
use onsale_support::lanes::LaneLimits;
use onsale_tests::sales::{SINGLY, assert_sound, customers, held, hold_order, on_sale, release_order, replica, sales};
use onsale_tests::store::Store;

onsale_tests::contracts!(
    a_hold_takes_its_seats_and_fixes_their_prices,
    a_hold_takes_all_of_its_seats_or_none_and_names_every_conflict,
    of_ten_thousand_holds_on_one_seat_exactly_one_wins,
    of_a_thousand_holds_on_one_seat_without_groups_exactly_one_wins,
    overlapping_holds_in_random_order_never_deadlock_a_caller,
    a_released_seat_is_free_and_a_released_hold_stays_released,
    a_seat_whose_hold_has_passed_is_free_at_once,
    an_early_expiry_changes_nothing_and_says_when_it_is_due,
    what_does_not_exist_is_refused,
    a_paused_performance_is_not_sold,
    versions_rise_by_one_with_every_group_that_changed_a_seat,
);

async fn a_hold_takes_its_seats_and_fixes_their_prices(store: Store) {
    let (sales, performance) = (sales(&store, LaneLimits::default()), on_sale(&store, 10).await);
    let customer = customers(&store, 1).await[0];
    let reservation = held(&store, &sales, &performance, customer, &[2, 3]).await;
    assert_eq!(reservation.amount.units(), 300);
    assert_eq!(reservation.seats().collect::<Vec<_>>(), [2, 3]);
    assert_eq!(reservation.held_until, store.context.now() + TimeDelta::seconds(300));
    assert_eq!(sales.reservation(reservation.id).await.unwrap().unwrap(), reservation);
    assert_sound(&store).await;
}

async fn a_hold_takes_all_of_its_seats_or_none_and_names_every_conflict(store: Store) {
    let (sales, performance) = (sales(&store, LaneLimits::default()), on_sale(&store, 10).await);
    let customers = customers(&store, 2).await;
    held(&store, &sales, &performance, customers[0], &[1, 2, 4]).await;
    let refused = sales.hold(hold_order(&store, &performance, customers[1], &[1, 3, 4, 5])).await;
    assert_eq!(refused, Err(StepError::Refused(HoldRefusal::SeatsTaken { conflicts: vec![1, 4] })));
    held(&store, &sales, &performance, customers[1], &[3, 5]).await;
    assert_sound(&store).await;
}

async fn of_ten_thousand_holds_on_one_seat_exactly_one_wins(store: Store) {
    one_wins(&store, 10_000, LaneLimits::default()).await;
}

async fn of_a_thousand_holds_on_one_seat_without_groups_exactly_one_wins(store: Store) {
    one_wins(&store, 1_000, SINGLY).await;
}

async fn one_wins(store: &Store, count: usize, lanes: LaneLimits) {
    let performance = on_sale(store, 3).await;
    let replicas = [sales(store, lanes), replica(store, lanes).await];
    let customers = customers(store, count).await;
    let holds = customers.iter().zip(replicas.iter().cycle()).map(|(customer, sales)| {
        let (sales, order) = (sales.clone(), hold_order(store, &performance, *customer, &[1]));
        tokio::spawn(async move { sales.hold(order).await })
    });
    let mut winners = Vec::new();
    for held in join_all(holds).await {
        match held.unwrap() {
            Ok(done) => winners.push(done.value),
            Err(refused) => {
                assert_eq!(refused, StepError::Refused(HoldRefusal::SeatsTaken { conflicts: vec![1] }));
            }
        }
    }
    assert_eq!(winners.len(), 1);
    let map = replicas[1].seat_map(performance.id).await.unwrap().unwrap();
    let state = SeatState::Held { by: winners[0].id, until: winners[0].held_until };
    assert_eq!(map.taken.iter().map(|seat| (seat.no, seat.state)).collect::<Vec<_>>(), [(1, state)]);
    assert_eq!(map.version, 1);
    assert_sound(store).await;
}

async fn overlapping_holds_in_random_order_never_deadlock_a_caller(store: Store) {
    const HOLDS: usize = 1_500;
    for lanes in [LaneLimits::default(), SINGLY] {
        let performance = on_sale(&store, 400).await;
        let replicas = [sales(&store, lanes), replica(&store, lanes).await];
        let customers = customers(&store, HOLDS / 2).await;
        let mut random = 7_u32;
        let holds = (0..HOLDS).map(|number| {
            let seats = overlapping_seats(&mut random);
            let order = hold_order(&store, &performance, customers[number * 5 % customers.len()], &seats);
            let sales = replicas[number % 2].clone();
            tokio::spawn(async move { sales.hold(order).await.map(|done| done.value) })
        });
        let mut taken: Vec<SeatNo> = Vec::new();
        for held in join_all(holds).await {
            match held.unwrap() {
                Ok(reservation) => taken.extend(reservation.seats()),
                Err(StepError::Refused(_)) => {}
                Err(other) => panic!("a caller heard of {other}"),
            }
        }
        let map = replicas[0].seat_map(performance.id).await.unwrap().unwrap();
        taken.sort_unstable();
        assert_eq!(map.taken.iter().map(|seat| seat.no).collect::<Vec<_>>(), taken, "each seat has one hold");
    }
    assert_sound(&store).await;
}

/// One to four seats of 400, drawn by a linear congruential generator (Numerical Recipes, 7.1).
fn overlapping_seats(random: &mut u32) -> Vec<SeatNo> {
    let mut draw = || {
        *random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *random >> 16
    };
    let mut seats: Vec<SeatNo> = (0..=draw() % 4).map(|_| draw() % 400).collect();
    seats.sort_unstable();
    seats.dedup();
    seats
}

async fn a_released_seat_is_free_and_a_released_hold_stays_released(store: Store) {
    let (sales, performance) = (sales(&store, LaneLimits::default()), on_sale(&store, 10).await);
    let customers = customers(&store, 2).await;
    let reservation = held(&store, &sales, &performance, customers[0], &[1]).await;
    let cancelled = Reservation { state: ReservationState::Cancelled, ..reservation.clone() };
    for _ in 0..2 {
        let released = sales.release(release_order(&reservation)).await.unwrap();
        assert_eq!(released, Released::Ended(cancelled.clone()));
    }
    held(&store, &sales, &performance, customers[1], &[1]).await;
    let of_another = ReleaseOrder { customer: customers[1], ..release_order(&reservation) };
    assert_eq!(sales.release(of_another).await, Err(StepError::Refused(ReleaseRefusal::Unknown)));
    assert_sound(&store).await;
}

async fn a_seat_whose_hold_has_passed_is_free_at_once(store: Store) {
    let (sales, performance) = (sales(&store, LaneLimits::default()), on_sale(&store, 10).await);
    let customers = customers(&store, 2).await;
    let late = held(&store, &sales, &performance, customers[0], &[1, 2]).await;
    store.clock.advance(TimeDelta::seconds(300));
    assert!(sales.seat_map(performance.id).await.unwrap().unwrap().taken.is_empty());
    let next = held(&store, &sales, &performance, customers[1], &[1]).await;
    let expired = Reservation { state: ReservationState::Expired, ..late.clone() };
    assert_eq!(sales.expire(performance.id, late.id).await.unwrap(), Released::Ended(expired));
    let taken = sales.seat_map(performance.id).await.unwrap().unwrap().taken;
    assert_eq!(taken.iter().map(|seat| seat.no).collect::<Vec<_>>(), [1], "tidying leaves the next one's seat alone");
    assert!(matches!(taken[0].state, SeatState::Held { by, .. } if by == next.id));
    assert_sound(&store).await;
}

async fn an_early_expiry_changes_nothing_and_says_when_it_is_due(store: Store) {
    let (sales, performance) = (sales(&store, LaneLimits::default()), on_sale(&store, 10).await);
    let customer = customers(&store, 1).await[0];
    let reservation = held(&store, &sales, &performance, customer, &[1]).await;
    let early = sales.expire(performance.id, reservation.id).await.unwrap();
    assert_eq!(early, Released::NotDue { held_until: reservation.held_until });
    assert_eq!(sales.reservation(reservation.id).await.unwrap().unwrap(), reservation);
}

async fn what_does_not_exist_is_refused(store: Store) {
    let (sales, performance) = (sales(&store, LaneLimits::default()), on_sale(&store, 10).await);
    let customer = customers(&store, 1).await[0];
    let unknown_seat = sales.hold(hold_order(&store, &performance, customer, &[3, 10])).await;
    assert_eq!(unknown_seat, Err(StepError::Refused(HoldRefusal::UnknownSeats { seats: vec![10] })));
    let unknown_customer = sales.hold(hold_order(&store, &performance, store.context.new_id(), &[3])).await;
    assert_eq!(unknown_customer, Err(StepError::Refused(HoldRefusal::UnknownCustomer)));
    let nowhere: PerformanceId = store.context.new_id();
    let mut order = hold_order(&store, &performance, customer, &[3]);
    order.performance = nowhere;
    assert_eq!(sales.hold(order).await, Err(StepError::Refused(HoldRefusal::UnknownPerformance)));
    let unknown = Err(StepError::Refused(ReleaseRefusal::Unknown));
    assert_eq!(sales.expire(performance.id, store.context.new_id()).await, unknown);
    assert_eq!(sales.expire(nowhere, store.context.new_id()).await, unknown);
    let reservation = held(&store, &sales, &performance, customer, &[3]).await;
    let elsewhere = on_sale(&store, 5).await;
    assert_eq!(sales.expire(elsewhere.id, reservation.id).await, unknown, "a reservation of another performance");
}

async fn a_paused_performance_is_not_sold(store: Store) {
    let (sales, performance) = (sales(&store, LaneLimits::default()), on_sale(&store, 10).await);
    let customer = customers(&store, 1).await[0];
    let catalogue = SqlCatalogue::new(store.database.clone(), store.context.clone(), store.bus.clone());
    let pause = PerformanceChange { status: Some(SalesStatus::Paused), ..PerformanceChange::default() };
    catalogue.change_performance(performance.id, pause, None).await.unwrap();
    let refused = sales.hold(hold_order(&store, &performance, customer, &[3])).await;
    assert_eq!(refused, Err(StepError::Refused(HoldRefusal::NotOnSale)));
}

async fn versions_rise_by_one_with_every_group_that_changed_a_seat(store: Store) {
    let (sales, performance) = (sales(&store, LaneLimits::default()), on_sale(&store, 10).await);
    let customers = customers(&store, 2).await;
    assert_eq!(sales.seat_version(store.context.new_id()).await.unwrap(), None);
    let (epoch, first) = sales.seat_version(performance.id).await.unwrap().unwrap();
    let reservation = held(&store, &sales, &performance, customers[0], &[1, 2]).await;
    sales.hold(hold_order(&store, &performance, customers[1], &[2])).await.unwrap_err();
    sales.expire(performance.id, reservation.id).await.unwrap();
    assert_eq!(sales.seat_version(performance.id).await.unwrap().unwrap(), (epoch, first + 1));
    sales.release(release_order(&reservation)).await.unwrap();
    assert_eq!(sales.seat_version(performance.id).await.unwrap().unwrap(), (epoch, first + 2));
    let held_seat = SeatState::Held { by: reservation.id, until: reservation.held_until };
    let heard: Vec<_> = store.bus.heard().into_iter().map(seats_of).collect();
    let freed = vec![(1, SeatState::Free), (2, SeatState::Free)];
    assert_eq!(heard, [(epoch, first + 1, vec![(1, held_seat), (2, held_seat)]), (epoch, first + 2, freed)]);
}

fn seats_of(message: BusMessage) -> (i64, i64, Vec<(SeatNo, SeatState)>) {
    match message {
        BusMessage::Seats(delta) => (delta.epoch, delta.version, delta.seats.clone()),
        other @ (BusMessage::Catalogue { .. } | BusMessage::Room { .. } | BusMessage::Campaign { .. }) => {
            panic!("{other:?} is not about seats")
        }
    }
}
