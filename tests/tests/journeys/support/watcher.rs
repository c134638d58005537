//! Somebody who follows what is free, as a browser would.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::Api;
use super::api::id;
use super::events::{Event, Events};

/// An open stream, and what is free by all that it has told.
pub(crate) struct Watcher {
    events: Events,
    epoch: String,
    version: i64,
    free: BTreeSet<u64>,
    /// How many tickets are left, by their category.
    left: BTreeMap<String, u64>,
}

impl Watcher {
    /// Opens the stream of a performance, as its availability says, and reads the snapshot.
    pub(crate) async fn new(api: &Api, performance: &str) -> Self {
        let availability = api.get(&format!("/v1/performances/{performance}/availability")).await.ok(200);
        let events = Events::open(api, availability["events_url"].as_str().unwrap()).await;
        let left = tickets(api, performance).await.into_iter().map(|category| (category, 0)).collect();
        let mut watcher = Self { events, epoch: String::new(), version: 0, free: BTreeSet::new(), left };
        let first = watcher.next().await.expect("a stream begins with an event");
        assert_eq!(first.name, "snapshot", "{first:?}");
        watcher
    }

    /// The seats that are free.
    pub(crate) fn free(&self) -> &BTreeSet<u64> {
        &self.free
    }

    /// How many tickets of a category are left.
    pub(crate) fn left(&self, category: &str) -> u64 {
        self.left[category]
    }

    /// Follows the events until so many tickets of a category are left.
    pub(crate) async fn until_left(&mut self, category: &str, left: u64) {
        while self.left(category) != left {
            self.next().await.expect("the stream goes on");
        }
    }

    /// Follows the events until every one of these seats is free, or none is.
    pub(crate) async fn until(&mut self, seats: &[u64], free: bool) {
        while seats.iter().any(|seat| self.free.contains(seat) != free) {
            self.next().await.expect("the stream goes on");
        }
    }

    /// The next event; nothing when the stream has ended.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        let event = self.events.next().await?;
        self.apply(&event);
        Some(event)
    }

    fn apply(&mut self, Event { name, id, data }: &Event) {
        let (epoch, version) = (data["epoch"].as_str().unwrap(), data["version"].as_i64().unwrap());
        assert_eq!(*id, format!("{epoch}:{version}"));
        match name.as_str() {
            "snapshot" => self.free = free_seats(data["seats"].as_str().unwrap()),
            "delta" => {
                assert_eq!((&*self.epoch, self.version), (epoch, data["previous_version"].as_i64().unwrap()));
                for taken in numbers(&data["taken"]) {
                    assert!(self.free.remove(&taken), "seat {taken} was free");
                }
                for freed in numbers(&data["freed"]) {
                    assert!(self.free.insert(freed), "seat {freed} was taken");
                }
            }
            other => panic!("an unknown event: {other}"),
        }
        epoch.clone_into(&mut self.epoch);
        self.version = version;
        let mut of_seats = 0;
        for shown in data["categories"].as_array().unwrap() {
            let available = shown["available"].as_u64().unwrap();
            match self.left.get_mut(shown["category_id"].as_str().unwrap()) {
                Some(left) => *left = available,
                None => of_seats += available,
            }
        }
        assert_eq!(of_seats, self.free.len() as u64, "the categories say how many are left");
    }
}

/// The categories of a performance that have no seats.
async fn tickets(api: &Api, performance: &str) -> Vec<String> {
    let shown = api.get(&format!("/v1/performances/{performance}")).await.ok(200);
    let without_seats = shown["categories"].as_array().unwrap().iter().filter(|shown| shown["kind"] == "allotment");
    without_seats.map(|category| id(category, "category_id")).collect()
}

/// Byte i holds seats 8i to 8i + 7, lowest bit first.
pub(crate) fn free_seats(encoded: &str) -> BTreeSet<u64> {
    let bytes = STANDARD.decode(encoded).unwrap();
    (0..bytes.len() as u64 * 8)
        .filter(|seat| bytes[usize::try_from(seat / 8).unwrap()] >> (seat % 8) & 1 == 1)
        .collect()
}

fn numbers(list: &Value) -> Vec<u64> {
    list.as_array().unwrap().iter().map(|number| number.as_u64().unwrap()).collect()
}
