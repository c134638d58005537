//! Paying against expiring: exactly one wins.

use chrono::TimeDelta;
use futures_util::future::join_all;
use onsale_application::ports::{BoxOffice, Cashier, Done, PayOrder, StepError};
use onsale_domain::box_office::{PayRefusal, Released};
use onsale_domain::ids::AccountId;
use onsale_domain::payment::Payment;
use onsale_domain::performance::Performance;
use onsale_domain::reservation::{Reservation, ReservationState};
use onsale_domain::seat::SeatState;
use onsale_sql::SqlSales;
use onsale_support::lanes::LaneLimits;
use onsale_tests::sales::{SINGLY, assert_sound, customers_with, held, on_sale, pay_order, replica_at, sales};
use onsale_tests::samples::amount;
use onsale_tests::store::Store;

onsale_tests::contracts!(of_paying_and_expiring_exactly_one_wins);

const ROUNDS: u32 = 10;
const PAIRS: u32 = 100;
/// Pairs that race at once.
const WAVE: usize = 20;

/// A thousand times, half of them in groups and half without. By the clock of the replica that pays, no hold has ended;
/// by that of the replica that tidies, each has: whoever locks the seat first wins.
async fn of_paying_and_expiring_exactly_one_wins(store: Store) {
    let mut paid = 0;
    for round in 0..ROUNDS {
        let lanes = if round % 2 == 0 { LaneLimits::default() } else { SINGLY };
        let performance = on_sale(&store, PAIRS).await;
        let sales = sales(&store, lanes);
        let customers = customers_with(&store, &sales, PAIRS as usize, 1_000).await;
        let reservations = hold_all(&store, &sales, &performance, &customers).await;
        paid += race(&store, lanes, reservations).await;
    }
    assert!((1..ROUNDS * PAIRS).contains(&paid), "{paid} of {} were paid: one side always wins", ROUNDS * PAIRS);
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

/// Lets every pair race; how many were paid.
async fn race(store: &Store, lanes: LaneLimits, reservations: Vec<Reservation>) -> u32 {
    let end = reservations[0].held_until;
    let payer = replica_at(store, lanes, end - TimeDelta::microseconds(1)).await;
    let tidier = replica_at(store, lanes, end).await;
    let mut paid = 0;
    for (wave, reservations) in reservations.chunks(WAVE).enumerate() {
        let mut pairs = Vec::new();
        for (turn, reservation) in (wave..).zip(reservations) {
            let (payer, tidier, order) = (payer.clone(), tidier.clone(), pay_order(store, reservation));
            pairs.push(tokio::spawn(Pair::run(payer, tidier, reservation.clone(), order, turn % 2 == 0)));
            tokio::task::yield_now().await;
        }
        for pair in join_all(pairs).await {
            paid += u32::from(pair.unwrap().check(&payer).await);
        }
    }
    store.clock.advance(TimeDelta::seconds(300));
    paid
}

/// What both sides of one race were told.
struct Pair {
    reservation: Reservation,
    pay: Result<Done<(Payment, Reservation)>, StepError<PayRefusal>>,
    expire: Released,
}

impl Pair {
    /// Lets both sides ask at once.
    async fn run(
        payer: SqlSales,
        tidier: SqlSales,
        reservation: Reservation,
        order: PayOrder,
        payer_is_first: bool,
    ) -> Self {
        let (pay, expire) = (payer.pay(order), tidier.expire(reservation.performance, reservation.id));
        let (pay, expire) = if payer_is_first {
            tokio::join!(pay, expire)
        } else {
            let (expire, pay) = tokio::join!(expire, pay);
            (pay, expire)
        };
        Self { reservation, pay, expire: expire.unwrap() }
    }

    /// Both were told the same, and so it is; whether it was paid.
    async fn check(self, sales: &SqlSales) -> bool {
        let Self { reservation, pay, expire } = self;
        let outcome = sales.reservation(reservation.id).await.unwrap().unwrap();
        assert_eq!(expire, Released::Ended(outcome.clone()));
        let seats = sales.seat_map(reservation.performance).await.unwrap().unwrap().taken;
        let taken = seats.iter().find(|seat| reservation.seats().any(|no| no == seat.no)).map(|seat| seat.state);
        let balance = sales.balance(reservation.customer).await.unwrap();
        match pay {
            Ok(done) => {
                let (payment, paid) = done.value;
                assert!(matches!(outcome.state, ReservationState::Paid { payment: by, .. } if by == payment.id));
                assert_eq!(paid, outcome);
                assert_eq!(taken, Some(SeatState::Sold { to: reservation.id }));
                assert_eq!(balance, Some(amount(1_000 - reservation.amount.units())));
                true
            }
            Err(refused) => {
                assert_eq!(refused, StepError::Refused(PayRefusal::HoldExpired));
                assert_eq!(outcome.state, ReservationState::Expired);
                assert_eq!(taken, None);
                assert_eq!(balance, Some(amount(1_000)));
                false
            }
        }
    }
}
