//! Holds that have ended: their tickets are for whoever needs them, whether or not anybody has tidied.

use chrono::TimeDelta;
use futures_util::future::join_all;
use onsale_application::ports::{BoxOffice, Cashier, StepError};
use onsale_domain::box_office::{HoldRefusal, PayRefusal, Released};
use onsale_domain::reservation::{Reservation, ReservationState};
use onsale_support::lanes::LaneLimits;
use onsale_tests::sales::{
    SINGLY, assert_sound, customers, customers_with, pay_order, release_order, replica, replica_at, sales,
};
use onsale_tests::samples::amount;
use onsale_tests::store::Store;
use onsale_tests::tickets::{held_tickets, left, standing, stored, tickets_order};

use onsale_tests::sales::refused;

onsale_tests::contracts!(
    tickets_of_an_ended_hold_are_for_whoever_needs_them_at_once,
    an_ended_hold_cannot_be_paid_though_nobody_needs_its_tickets,
    the_earliest_ends_are_taken_first_and_no_more_than_are_needed,
    what_crowds_need_of_ended_holds_is_taken_once,
    of_paying_and_needing_the_same_tickets_one_wins,
);

const LATE: Result<(), StepError<PayRefusal>> = Err(StepError::Refused(PayRefusal::HoldExpired));

async fn tickets_of_an_ended_hold_are_for_whoever_needs_them_at_once(store: Store) {
    let (sales, standing) = (sales(&store, LaneLimits::default()), standing(&store, 3).await);
    let customers = customers_with(&store, &sales, 2, 1_000).await;
    let late = held_tickets(&store, &sales, &standing, customers[0], 3).await;
    store.clock.advance(TimeDelta::seconds(299));
    let early = sales.hold(tickets_order(&store, &standing, customers[1], 1)).await;
    assert_eq!(early, refused(HoldRefusal::SoldOut));
    store.clock.advance(TimeDelta::seconds(1));
    assert_eq!(left(&store, &sales, &standing).await, 3, "nobody has tidied");
    held_tickets(&store, &sales, &standing, customers[1], 2).await;
    let expired = Reservation { state: ReservationState::Expired, ..late.clone() };
    assert_eq!(sales.reservation(late.id).await.unwrap().unwrap(), expired);
    assert_eq!((stored(&sales, &standing).await.taken, left(&store, &sales, &standing).await), (2, 1));

    assert_eq!(sales.pay(pay_order(&store, &late)).await.map(drop), LATE);
    assert_eq!(sales.balance(customers[0]).await.unwrap(), Some(amount(1_000)), "no points moved");
    for _ in 0..2 {
        let tidied = sales.expire(standing.performance.id, late.id).await.unwrap();
        assert_eq!(tidied, Released::Ended(expired.clone()));
        assert_eq!(sales.release(release_order(&late)).await.unwrap(), Released::Ended(expired.clone()));
    }
    assert_eq!(stored(&sales, &standing).await.taken, 2, "tidying leaves the next one's tickets alone");
    assert_sound(&store).await;
}

async fn an_ended_hold_cannot_be_paid_though_nobody_needs_its_tickets(store: Store) {
    let (sales, standing) = (sales(&store, LaneLimits::default()), standing(&store, 9).await);
    let customers = customers_with(&store, &sales, 2, 1_000).await;
    let late = held_tickets(&store, &sales, &standing, customers[0], 3).await;
    store.clock.advance(TimeDelta::seconds(300));
    held_tickets(&store, &sales, &standing, customers[1], 2).await;
    assert_eq!(sales.reservation(late.id).await.unwrap().unwrap(), late, "others were left");
    assert_eq!((stored(&sales, &standing).await.taken, left(&store, &sales, &standing).await), (5, 7));
    assert_eq!(sales.pay(pay_order(&store, &late)).await.map(drop), LATE);
    assert_eq!(sales.balance(customers[0]).await.unwrap(), Some(amount(1_000)));
    assert_sound(&store).await;
    sales.expire(standing.performance.id, late.id).await.unwrap();
    assert_eq!((stored(&sales, &standing).await.taken, left(&store, &sales, &standing).await), (2, 7));
    assert_sound(&store).await;
}

async fn the_earliest_ends_are_taken_first_and_no_more_than_are_needed(store: Store) {
    let (sales, standing) = (sales(&store, LaneLimits::default()), standing(&store, 6).await);
    let customers = customers(&store, 4).await;
    let mut ended = Vec::new();
    for customer in &customers[..3] {
        ended.push(held_tickets(&store, &sales, &standing, *customer, 2).await);
        store.clock.advance(TimeDelta::seconds(1));
    }
    store.clock.advance(TimeDelta::seconds(300));
    held_tickets(&store, &sales, &standing, customers[3], 3).await;
    let mut states = Vec::new();
    for hold in &ended {
        states.push(sales.reservation(hold.id).await.unwrap().unwrap().state);
    }
    assert_eq!(states, [ReservationState::Expired, ReservationState::Expired, ReservationState::Held]);
    assert_eq!((stored(&sales, &standing).await.taken, left(&store, &sales, &standing).await), (5, 3));
    assert_sound(&store).await;
}

async fn what_crowds_need_of_ended_holds_is_taken_once(store: Store) {
    for lanes in [LaneLimits::default(), SINGLY] {
        let (replicas, standing) = ([sales(&store, lanes), replica(&store, lanes).await], standing(&store, 100).await);
        for customer in customers(&store, 50).await {
            held_tickets(&store, &replicas[0], &standing, customer, 2).await;
        }
        store.clock.advance(TimeDelta::seconds(300));
        let crowd = customers(&store, 120).await;
        let wishes = crowd.iter().zip(replicas.iter().cycle()).map(|(customer, sales)| {
            let (sales, order) = (sales.clone(), tickets_order(&store, &standing, *customer, 1));
            tokio::spawn(async move { sales.hold(order).await.map(drop) })
        });
        let answers: Vec<_> = join_all(wishes).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 100);
        assert_eq!(answers.iter().filter(|answer| **answer == refused(HoldRefusal::SoldOut)).count(), 20);
        assert_eq!(stored(&replicas[0], &standing).await.taken, 100);
        assert_sound(&store).await;
    }
}

/// By the clock of the replica that pays no hold has ended; by that of the replica where somebody needs the tickets each
/// has. Whoever locks them first wins.
async fn of_paying_and_needing_the_same_tickets_one_wins(store: Store) {
    const ROUNDS: usize = 60;
    let mut paid = 0;
    for lanes in [LaneLimits::default(), SINGLY] {
        let sales = sales(&store, lanes);
        let payers = customers_with(&store, &sales, ROUNDS, 1_000).await;
        let needy = customers(&store, ROUNDS).await;
        let end = store.context.now() + TimeDelta::seconds(300);
        let here = replica_at(&store, lanes, end - TimeDelta::microseconds(1)).await;
        let there = replica_at(&store, lanes, end).await;
        for (round, (payer, needs)) in payers.into_iter().zip(needy).enumerate() {
            let standing = standing(&store, 3).await;
            let hold = held_tickets(&store, &sales, &standing, payer, 3).await;
            let (pay, wish) = (pay_order(&store, &hold), tickets_order(&store, &standing, needs, 3));
            let (here, there) = (here.clone(), there.clone());
            let pay = async move { here.pay(pay).await.map(drop) };
            let wish = async move { there.hold(wish).await.map(drop) };
            let answers = if round % 2 == 0 {
                tokio::join!(pay, wish)
            } else {
                let (wish, pay) = tokio::join!(wish, pay);
                (pay, wish)
            };
            match answers {
                (Ok(()), told) => {
                    assert_eq!(told, refused(HoldRefusal::SoldOut));
                    paid += 1;
                }
                (told, Ok(())) => {
                    assert_eq!(told, LATE);
                    assert_eq!(sales.balance(payer).await.unwrap(), Some(amount(1_000)));
                }
                neither => panic!("{neither:?}"),
            }
            assert_eq!(stored(&sales, &standing).await.taken, 3);
        }
    }
    assert!((1..2 * ROUNDS).contains(&paid), "{paid} of {} were paid: one side always wins", 2 * ROUNDS);
    assert_sound(&store).await;
}
