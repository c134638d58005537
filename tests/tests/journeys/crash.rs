//! The server is killed while everybody holds and pays.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use onsale_tests::server::Stack;
use serde_json::{Value, json};
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use crate::support::{Api, Sale, Site, id, new_key, stalls};

const CLIENTS: u32 = 64;
const KILLS: usize = 10;
/// How many payments are acknowledged before the next kill, so that it hits a busy server.
const PAYMENTS_BETWEEN: usize = 100;
/// Seats for each client: as many as one customer may have, and more than are paid until the last kill.
const SEATS: u32 = 50;
const PRICE: i64 = 50_000;
/// How long the clients may take for what takes them a second or two.
const LIMIT: Duration = Duration::from_mins(1);

journeys!(killed_ten_times_the_server_keeps_every_acknowledged_payment);

async fn killed_ten_times_the_server_keeps_every_acknowledged_payment(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let plan = site.operator.post("/v1/seating-plans", stalls(CLIENTS, SEATS)).await.ok(201);
    let sale = Sale::of(&site, &plan, json!({"max_seats_per_customer": SEATS})).await;
    let points = PRICE * i64::from(SEATS);
    let customers = join_all((0..CLIENTS).map(|_| site.visitor.sign_up_with(points))).await;
    let mut server = site.server;
    let rush = Arc::new(Rush::new(sale.performance, &server.address));
    let clients: Vec<_> = (0..)
        .zip(&customers)
        .map(|(number, customer)| {
            let seats = number * SEATS..(number + 1) * SEATS;
            tokio::spawn(Arc::clone(&rush).client(customer.clone(), seats))
        })
        .collect();
    for _ in 0..KILLS {
        rush.wait_for_payments().await;
        rush.address.send_replace(None);
        server.kill().await;
        server = stack.serve().await;
        rush.address.send_replace(Some(server.address.clone()));
    }
    rush.wait_for_payments().await;
    rush.over.store(true, Ordering::Relaxed);

    let paid = timeout(LIMIT, join_all(clients)).await.expect("everybody is answered");
    let checks = customers.iter().zip(paid).map(async |(customer, paid)| {
        check(&customer.at(&server.address), points, &paid.unwrap()).await;
    });
    join_all(checks).await;
}

/// What the owner was told is so, and no other points are gone.
async fn check(customer: &Api, points: i64, paid: &[Value]) {
    for payment in paid {
        let reservation = id(&payment["reservation"], "reservation_id");
        let shown = customer.get(&format!("/v1/reservations/{reservation}")).await.ok(200);
        assert_eq!(shown, payment["reservation"]);
        assert_eq!((&shown["status"], &shown["payment_id"]), (&json!("paid"), &payment["payment_id"]));
        let shown = customer.get(&format!("/v1/payments/{}", id(payment, "payment_id"))).await.ok(200);
        assert_eq!(shown["amount"], PRICE);
    }
    assert_eq!(customer.balance().await, points - PRICE * i64::try_from(paid.len()).unwrap());
}

/// What the clients share.
struct Rush {
    performance: String,
    /// Where the server is; nothing while there is none.
    address: watch::Sender<Option<String>>,
    paid: AtomicUsize,
    somebody_paid: Notify,
    over: AtomicBool,
}

impl Rush {
    fn new(performance: String, address: &str) -> Self {
        let (address, _) = watch::channel(Some(address.to_owned()));
        let (paid, somebody_paid, over) = (AtomicUsize::new(0), Notify::new(), AtomicBool::new(false));
        Self { performance, address, paid, somebody_paid, over }
    }

    /// Returns when as many more payments have been acknowledged as there should be between two kills.
    async fn wait_for_payments(&self) {
        let enough = self.paid.load(Ordering::Relaxed) + PAYMENTS_BETWEEN;
        let waiting = async {
            while self.paid.load(Ordering::Relaxed) < enough {
                self.somebody_paid.notified().await;
            }
        };
        timeout(LIMIT, waiting).await.expect("enough is paid in time");
    }

    /// Holds and pays one seat after another; the payments that were acknowledged.
    async fn client(self: Arc<Self>, customer: Api, seats: Range<u32>) -> Vec<Value> {
        let mut paid = Vec::new();
        for seat in seats {
            if self.over.load(Ordering::Relaxed) {
                break;
            }
            let order = json!({"type": "seats", "performance_id": self.performance, "seats": [seat]});
            let held = self.acknowledged(&customer, "/v1/reservations", &order).await;
            let path = format!("/v1/reservations/{}/payment", id(&held, "reservation_id"));
            paid.push(self.acknowledged(&customer, &path, &json!({})).await);
            self.paid.fetch_add(1, Ordering::Relaxed);
            self.somebody_paid.notify_one();
        }
        paid
    }

    /// Asks under one name until there is an answer, of whichever server lives long enough to give it.
    async fn acknowledged(&self, customer: &Api, path: &str, order: &Value) -> Value {
        let (key, mut address) = (new_key(), self.address.subscribe());
        loop {
            let here = address.wait_for(Option::is_some).await.unwrap().clone();
            let asked = customer.at(here.as_deref().unwrap());
            if let Ok(answer) = asked.try_post_as(&key, path, order).await {
                return answer.ok(201);
            }
            drop(address.wait_for(|now| *now != here).await.unwrap());
        }
    }
}
