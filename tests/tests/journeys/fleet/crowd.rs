//! Clients who book at random, each for customers of its own.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::join_all;
use rand::random_range;
use reqwest::Method;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::LIMIT;
use super::customer::Customer;
use super::traffic::Traffic;
use crate::support::{Api, free_seats, id};

/// Clients at work.
pub(super) struct Crowd {
    pub(super) traffic: Arc<Traffic>,
    clients: Vec<JoinHandle<Vec<Customer>>>,
}

impl Crowd {
    pub(super) fn start(traffic: Traffic, customers: Vec<Customer>, clients: usize) -> Self {
        let traffic = Arc::new(traffic);
        let mut shares: Vec<Vec<Customer>> = (0..clients).map(|_| Vec::new()).collect();
        for (number, customer) in customers.into_iter().enumerate() {
            shares[number % clients].push(customer);
        }
        let client = |customers| {
            let client = Client { traffic: Arc::clone(&traffic), customers, seen: HashMap::new() };
            tokio::spawn(client.run())
        };
        let clients = shares.into_iter().map(client).collect();
        Self { traffic, clients }
    }

    /// Lets everybody come to an end; the customers, who know what they were told.
    pub(super) async fn end(self) -> Vec<Customer> {
        self.traffic.end();
        let ended = timeout(LIMIT, join_all(self.clients)).await.expect("everybody is answered");
        ended.into_iter().flat_map(Result::unwrap).collect()
    }
}

/// One client.
struct Client {
    traffic: Arc<Traffic>,
    customers: Vec<Customer>,
    /// The last version of what is free that it saw, of each server and epoch.
    seen: HashMap<(usize, String), i64>,
}

impl Client {
    async fn run(mut self) -> Vec<Customer> {
        while !self.traffic.is_over() {
            let customer = random_range(0..self.customers.len());
            match random_range(0..10) {
                0 => self.look(customer).await,
                1 => self.customers[customer].look_up(&self.traffic).await,
                _ => self.customers[customer].act(&self.traffic).await,
            }
        }
        self.customers
    }

    /// Looks at what is free: the numbers agree with the map, and no server goes back to what was before.
    async fn look(&mut self, customer: usize) {
        let path = format!("/v1/performances/{}/availability", self.traffic.performance);
        let ask = |api: &Api| api.request(Method::GET, &path);
        let looked = self.traffic.decided(&self.customers[customer].api, ask).await;
        let shown = looked.answer.ok(200);
        let free = free_seats(&id(&shown, "seats")).len() as u64;
        assert_eq!(shown["categories"][0]["available"], free);
        let version = shown["version"].as_i64().unwrap();
        let before = self.seen.insert((looked.server, id(&shown, "epoch")), version);
        assert!(before.is_none_or(|before| before <= version), "server {} went back: {shown}", looked.server);
    }
}
