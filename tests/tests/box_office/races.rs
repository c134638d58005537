//! Paying against expiring: exactly one wins.

use chrono::TimeDelta;
use futures_util::future::join_all;
use onsale_application::ports::{BoxOffice, Cashier, StepError};
use onsale_domain::box_office::PayRefusal;
use onsale_domain::ids::AccountId;
use onsale_domain::performance::Performance;
use onsale_domain::reservation::{Reservation, ReservationState};
use onsale_domain::seat::SeatState;
use onsale_sql::SqlSales;
use onsale_support::lanes::LaneLimits;
use onsale_tests::sales::{SINGLY, assert_sound, customers_with, held, on_sale, pay_order, replica, sales};
use onsale_tests::samples::amount;
use onsale_tests::store::Store;

onsale_tests::contracts!(of_paying_and_expiring_exactly_one_wins);

/// A thousand times: half of the pairs in groups, half without, on two replicas, while the clock passes the end.
async fn of_paying_and_expiring_exactly_one_wins(store: Store) {
    const ROUNDS: u32 = 10;
    const PAIRS: u32 = 100;
    let mut paid = 0;
    for round in 0..ROUNDS {
        let lanes = if round % 2 == 0 { LaneLimits::default() } else { SINGLY };
        let performance = on_sale(&store, PAIRS).await;
        let replicas = [sales(&store, lanes), replica(&store, lanes).await];
        let customers = customers_with(&store, &replicas[0], PAIRS as usize, 1_000).await;
        let reservations = hold_all(&store, &replicas[0], &performance, &customers).await;
        paid += race(&store, &replicas, reservations).await;
    }
    println!("{paid} of {} were paid in time", ROUNDS * PAIRS);
    assert_sound(&store).await;
}

async fn hold_all(
    store: &Store,
    sales: &SqlSales,
    performance: &Performance,
    customers: &[AccountId],
) -> Vec<Reservation> {
    let holds =
        (0..).zip(customers).map(async |(no, customer)| held(store, sales, performance, *customer, &[no]).await);
    join_all(holds).await
}

async fn race(store: &Store, replicas: &[SqlSales; 2], reservations: Vec<Reservation>) -> usize {
    let half = reservations.len() / 2;
    let mut pairs = Vec::new();
    for (number, reservation) in reservations.into_iter().enumerate() {
        if number == half {
            store.clock.advance(TimeDelta::seconds(300));
        }
        let (pay, [payer, tidier]) = (pay_order(store, &reservation), replicas.clone());
        pairs.push(tokio::spawn(async move {
            let (performance, id) = (reservation.performance, reservation.id);
            let raced = tokio::join!(payer.pay(pay), tidier.expire(performance, id));
            (reservation, raced.0, raced.1)
        }));
        tokio::task::yield_now().await;
    }
    let mut paid = 0;
    for pair in join_all(pairs).await {
        let (reservation, pay, expire) = pair.unwrap();
        expire.unwrap();
        replicas[1].expire(reservation.performance, reservation.id).await.unwrap(); // now it is due, if it still is held
        let outcome = replicas[0].reservation(reservation.id).await.unwrap().unwrap();
        let seats = replicas[0].seat_map(reservation.performance).await.unwrap().unwrap().taken;
        let is_sold = seats.iter().any(|seat| seat.state == SeatState::Sold { to: reservation.id });
        let balance = replicas[0].balance(reservation.customer).await.unwrap();
        match pay {
            Ok(done) => {
                paid += 1;
                assert!(matches!(outcome.state, ReservationState::Paid { payment, .. } if payment == done.value.0.id));
                assert!(is_sold);
                assert_eq!(balance, Some(amount(1_000 - reservation.amount.units())));
            }
            Err(refused) => {
                assert_eq!(refused, StepError::Refused(PayRefusal::HoldExpired));
                assert_eq!(outcome.state, ReservationState::Expired);
                assert!(!is_sold);
                assert_eq!(balance, Some(amount(1_000)));
            }
        }
    }
    paid
}
