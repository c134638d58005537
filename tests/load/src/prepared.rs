//! Requests that were rendered before the clock starts.

use crate::{
    customers::Customer,
    load::{Fixed, Turn, Workload, write_request},
};

/// Requests in their order, each made once.
#[derive(Clone, Debug, Default)]
pub struct Prepared {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Prepared {
    /// Adds a request; a body is JSON.
    pub fn add(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) {
        write_request(&mut self.bytes, method, path, headers, body);
        self.ends.push(self.bytes.len());
    }

    /// A hold of one seat by each customer. Seats are spread over the hall, as customers choose them.
    #[must_use]
    pub fn holds(performance: &str, customers: &[Customer], seats: impl Fn(u32) -> u32) -> Self {
        Self::reservations(customers, |number| hold_body(performance, seats(number)))
    }

    /// What each customer asks for, by their number.
    #[must_use]
    pub fn reservations(customers: &[Customer], body: impl Fn(u32) -> String) -> Self {
        let mut prepared = Self::default();
        for (number, customer) in (0..).zip(customers) {
            prepared.add("POST", HOLDS_PATH, &customer.headers(), body(number).as_bytes());
        }
        prepared
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.ends.len()
    }
}

/// Where holds are made.
pub const HOLDS_PATH: &str = "/v1/reservations";

/// A hold of one seat, again and again.
#[must_use]
pub fn hold(performance: &str, customer: &Customer, seat: u32) -> Fixed {
    Fixed::request("POST", HOLDS_PATH, &customer.headers(), hold_body(performance, seat).as_bytes())
}

fn hold_body(performance: &str, seat: u32) -> String {
    format!(r#"{{"type":"seats","performance_id":"{performance}","seats":[{seat}]}}"#)
}

/// The seat of the customer of that number in a hall of `seats`: every seat once, neighbours far apart.
///
/// # Panics
/// When there are no seats.
#[must_use]
pub fn scattered(number: u32, seats: u32) -> u32 {
    const STEP: u64 = 1_000_003; // a prime above the size of any hall, so no two numbers meet
    u32::try_from(u64::from(number) * STEP % u64::from(seats)).expect("a remainder is less than the divisor")
}

impl Workload for Prepared {
    fn request(&self, turn: Turn, request: &mut Vec<u8>) -> bool {
        let Some((number, end)) = usize::try_from(turn.number).ok().and_then(|no| Some((no, *self.ends.get(no)?)))
        else {
            return false;
        };
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        request.extend_from_slice(&self.bytes[start..end]);
        true
    }
}

/// The same requests again and again, in their order.
#[derive(Debug)]
pub struct Rounds(pub Prepared);

impl Workload for Rounds {
    fn request(&self, turn: Turn, request: &mut Vec<u8>) -> bool {
        let count = self.0.count() as u64;
        count > 0 && self.0.request(Turn { number: turn.number % count, ..turn }, request)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_request_is_made_once() {
        let mut prepared = Prepared::default();
        prepared.add("GET", "/a", &[], b"");
        prepared.add("GET", "/b", &[], b"");
        let ask = |number| {
            let mut request = Vec::new();
            prepared.request(Turn { connection: 0, number }, &mut request).then_some(request)
        };
        assert!(ask(0).unwrap().starts_with(b"GET /a HTTP/1.1\r\n"));
        assert!(ask(1).unwrap().starts_with(b"GET /b HTTP/1.1\r\n"));
        assert_eq!(ask(2), None);
    }

    #[test]
    fn after_the_last_request_comes_the_first() {
        let mut prepared = Prepared::default();
        prepared.add("GET", "/a", &[], b"");
        prepared.add("GET", "/b", &[], b"");
        let rounds = Rounds(prepared);
        let mut request = Vec::new();
        assert!(rounds.request(Turn { connection: 0, number: 5 }, &mut request));
        assert!(request.starts_with(b"GET /b HTTP/1.1\r\n"));
        assert!(!Rounds(Prepared::default()).request(Turn { connection: 0, number: 0 }, &mut request));
    }

    #[test]
    fn every_seat_is_asked_for_once() {
        for seats in [1, 3_000, 50_000, 200_000] {
            let asked: HashSet<u32> = (0..seats).map(|number| scattered(number, seats)).collect();
            assert_eq!(asked, (0..seats).collect());
        }
    }
}
