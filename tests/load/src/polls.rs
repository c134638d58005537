//! Visitors who ask after their places.

use std::sync::atomic::{AtomicU64, Ordering};

use onsale_domain::waiting_room::VisitorId;

use crate::{
    Failure,
    load::{Answer, Fixed, Turn, Workload},
    prepared::{Prepared, Rounds},
    stage::room_path,
    visitors::{Place, PlaceTokens},
};

/// What an answer says about somebody who waits.
const WAITS: &[u8] = br#""status":"waiting""#;

/// Questions of so many visitors, one after the other, again and again.
pub struct Polls {
    requests: Rounds,
    waiting: AtomicU64,
}

impl Polls {
    /// Questions of `count` visitors: some of those at `places`, evenly, when these are more. When they are fewer, each
    /// place is asked after under several names, so that the limit for one visitor does not bite.
    ///
    /// # Errors
    /// When a name becomes too long.
    ///
    /// # Panics
    /// When there are no places.
    pub fn new(tokens: &PlaceTokens, places: &[Place], count: usize) -> Result<Self, Failure> {
        let path = room_path(tokens.room(), "/status");
        let mut requests = Prepared::default();
        for number in 0..count {
            let place = asker(places, number, count)?;
            requests.add("GET", &path, &[("x-queue-token", &tokens.token(&place))], b"");
        }
        Ok(Self { requests: Rounds(requests), waiting: AtomicU64::new(0) })
    }

    /// How many were told that they wait since this was last asked.
    #[must_use]
    pub fn take_waiting(&self) -> u64 {
        self.waiting.swap(0, Ordering::Relaxed)
    }
}

/// A question of one visitor.
#[must_use]
pub fn poll(tokens: &PlaceTokens, place: &Place) -> Fixed {
    Fixed::get(&room_path(tokens.room(), "/status"), &[("x-queue-token", &tokens.token(place))])
}

fn asker(places: &[Place], number: usize, count: usize) -> Result<Place, Failure> {
    if places.len() >= count {
        return Ok(places[number * (places.len() / count)].clone());
    }
    let place = &places[number % places.len()];
    match number / places.len() {
        0 => Ok(place.clone()),
        lap => Ok(Place { visitor: VisitorId::new(&format!("{}-{lap}", place.visitor))?, number: place.number }),
    }
}

impl Workload for Polls {
    fn request(&self, turn: Turn, request: &mut Vec<u8>) -> bool {
        self.requests.request(turn, request)
    }

    fn answer(&self, _: Turn, answer: &Answer<'_>) {
        if answer.body.windows(WAITS.len()).any(|part| part == WAITS) {
            self.waiting.fetch_add(1, Ordering::Relaxed);
        }
    }
}
