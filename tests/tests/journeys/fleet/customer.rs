//! A customer, and everything that the servers have told it.

use chrono::{DateTime, Utc};
use rand::{random_range, random_ratio};
use reqwest::Method;
use serde_json::{Value, json};

use super::traffic::Traffic;
use super::{HOLDS_EACH, SEATS, SEATS_EACH};
use crate::support::{Answer, Api, id};

/// What one seat costs.
pub(super) const PRICE: i64 = 50_000;
/// What every customer has charged: enough for the four seats that one may have at a time.
pub(super) const POINTS: i64 = 4 * PRICE;

/// A customer.
pub(super) struct Customer {
    pub(super) api: Api,
    reservations: Vec<Reservation>,
    /// Whether there may be a hold that it was not told of: a server that never answered may have done it.
    in_doubt: bool,
}

/// A reservation, by what its customer was told.
struct Reservation {
    id: String,
    seats: Vec<u64>,
    held_until: DateTime<Utc>,
    told: Told,
}

/// The last that was told of a reservation.
enum Told {
    /// It is held until then.
    Held,
    /// It is paid; the answer.
    Paid(Value),
    /// It is given back, and whether that was before it ended by itself.
    GivenBack { in_time: bool },
    /// It is refunded.
    Refunded,
}

impl Customer {
    pub(super) fn new(api: Api) -> Self {
        Self { api, reservations: Vec::new(), in_doubt: false }
    }

    /// Books, and then pays, gives back, or does neither; or gives back what is paid.
    pub(super) async fn act(&mut self, traffic: &Traffic) {
        if let Some(paid) = self.reservations.iter().position(|known| matches!(known.told, Told::Paid(_)))
            && random_ratio(1, 2)
        {
            self.reservations[paid].refund(&self.api, traffic).await;
        } else if let Some(mut held) = self.hold(traffic).await {
            match random_range(0..10) {
                0..6 => held.pay(&self.api, traffic).await,
                6..8 => held.give_back(&self.api, traffic).await,
                _ => {} // it ends by itself
            }
            self.reservations.push(held);
        }
    }

    async fn hold(&mut self, traffic: &Traffic) -> Option<Reservation> {
        let first = random_range(0..SEATS - 2);
        let seats: Vec<u64> = (first..=first + random_range(0..3)).map(u64::from).collect();
        let order = json!({"type": "seats", "performance_id": traffic.performance, "seats": seats});
        let asked_at = Utc::now();
        let decided = traffic.named(&self.api, "/v1/reservations", &order).await;
        if decided.answer.status == 201 {
            return Some(Reservation::held(&decided.answer.json(), seats));
        }
        self.in_doubt |= !decided.at_once;
        self.check_refusal(&decided.answer, &seats, asked_at);
        None
    }

    /// Whoever is refused was asking for what somebody has, or for too much.
    fn check_refusal(&self, answer: &Answer, seats: &[u64], asked_at: DateTime<Utc>) {
        let mine = || self.reservations.iter().filter(|known| known.counts(asked_at));
        let open = mine().filter(|known| matches!(known.told, Told::Held)).count();
        let taken = mine().map(|known| known.seats.len()).sum::<usize>();
        match &*id(&answer.json(), "code") {
            "seats_taken" => {
                let problem = answer.refused("seats_taken");
                let conflicts = problem["conflicts"].as_array().unwrap();
                assert!(!conflicts.is_empty());
                assert!(conflicts.iter().all(|seat| seats.contains(&seat.as_u64().unwrap())), "{problem} of {seats:?}");
            }
            "too_many_holds" => assert!(self.in_doubt || open >= HOLDS_EACH, "{open} are open"),
            "too_many_seats" => assert!(self.in_doubt || taken + seats.len() > SEATS_EACH, "{taken} are taken"),
            _ => panic!("{answer:?}"),
        }
    }

    /// Asks how one of the reservations is.
    pub(super) async fn look_up(&self, traffic: &Traffic) {
        if self.reservations.is_empty() {
            return;
        }
        let known = &self.reservations[random_range(0..self.reservations.len())];
        let ask = |api: &Api| api.request(Method::GET, &known.path(""));
        known.check(&traffic.decided(&self.api, ask).await.answer.ok(200));
    }

    /// What it was told is so: every reservation is as it was told or has ended, and no other points are gone.
    pub(super) async fn check(&self, address: &str) {
        if self.reservations.is_empty() {
            return; // nobody else's points are gone either: that is asked for all together
        }
        let here = self.api.at(address);
        for known in &self.reservations {
            known.check(&here.get(&known.path("")).await.ok(200));
            if let Told::Paid(payment) = &known.told {
                let shown = here.get(&format!("/v1/payments/{}", id(payment, "payment_id"))).await.ok(200);
                assert_eq!((&shown["amount"], &shown["reservation_id"]), (&payment["amount"], &json!(known.id)));
            }
        }
        assert_eq!(here.balance().await, POINTS - PRICE * i64::try_from(self.paid_seats().count()).unwrap());
    }

    /// The seats that it has paid and not given back.
    pub(super) fn paid_seats(&self) -> impl Iterator<Item = u64> {
        let paid = self.reservations.iter().filter(|known| matches!(known.told, Told::Paid(_)));
        paid.flat_map(|known| known.seats.iter().copied())
    }

    /// How many reservations it has paid and not given back.
    pub(super) fn payments(&self) -> usize {
        self.reservations.iter().filter(|known| matches!(known.told, Told::Paid(_))).count()
    }
}

impl Reservation {
    fn held(answer: &Value, seats: Vec<u64>) -> Self {
        let items = answer["items"].as_array().unwrap().iter();
        assert_eq!(items.map(|item| item["seat"]["seat_no"].as_u64().unwrap()).collect::<Vec<_>>(), seats);
        let held_until = id(answer, "held_until").parse().unwrap();
        Self { id: id(answer, "reservation_id"), seats, held_until, told: Told::Held }
    }

    fn path(&self, rest: &str) -> String {
        format!("/v1/reservations/{}{rest}", self.id)
    }

    /// Whether it takes seats of its customer's at `now`.
    fn counts(&self, now: DateTime<Utc>) -> bool {
        match self.told {
            Told::Held => now < self.held_until,
            Told::Paid(_) => true,
            Told::GivenBack { .. } | Told::Refunded => false,
        }
    }

    async fn pay(&mut self, api: &Api, traffic: &Traffic) {
        let path = self.path("/payment");
        let answer = traffic.named(api, &path, &json!({})).await.answer;
        if answer.status == 410 {
            answer.refused("hold_expired");
            assert!(self.held_until <= Utc::now(), "it is held until {}", self.held_until);
            return;
        }
        let paid = answer.ok(201);
        assert_eq!(paid["amount"], PRICE * i64::try_from(self.seats.len()).unwrap());
        self.told = Told::Paid(paid);
        if random_ratio(1, 8) {
            traffic.named(api, &path, &json!({})).await.answer.refused("already_paid");
        }
    }

    async fn give_back(&mut self, api: &Api, traffic: &Traffic) {
        let ask = |api: &Api| api.request(Method::DELETE, &self.path(""));
        traffic.decided(api, ask).await.answer.ok(204);
        self.told = Told::GivenBack { in_time: Utc::now() < self.held_until };
    }

    async fn refund(&mut self, api: &Api, traffic: &Traffic) {
        traffic.named(api, &self.path("/refund"), &json!({})).await.answer.ok(201);
        self.told = Told::Refunded;
    }

    /// What is shown now agrees with what was told.
    fn check(&self, shown: &Value) {
        let status = id(shown, "status");
        let agrees = match &self.told {
            Told::Held if status == "expired" => self.held_until <= Utc::now(),
            Told::Held => status == "held",
            Told::Paid(payment) => *shown == payment["reservation"],
            Told::GivenBack { in_time } => status == "cancelled" || (!in_time && status == "expired"),
            Told::Refunded => status == "refunded",
        };
        assert!(agrees, "{shown}");
    }
}
