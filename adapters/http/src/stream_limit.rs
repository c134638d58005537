//! How many event streams may be open, in total and for one client.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use metrics::{Unit, describe_gauge, gauge};
use parking_lot::Mutex;

use crate::middleware::customer;
use crate::settings::HttpLimits;

const OPEN_STREAMS: &str = "onsale_event_streams";

/// Counts open streams.
#[derive(Clone)]
pub(crate) struct StreamLimit {
    total: usize,
    per_client: usize,
    open: Arc<Mutex<OpenStreams>>,
}

#[derive(Default)]
struct OpenStreams {
    total: usize,
    by_client: HashMap<Ipv6Addr, usize>,
}

/// One open stream, until it is dropped.
pub(crate) struct StreamPermit {
    client: Ipv6Addr,
    open: Arc<Mutex<OpenStreams>>,
}

impl StreamLimit {
    pub(crate) fn new(limits: &HttpLimits) -> Self {
        describe_gauge!(OPEN_STREAMS, Unit::Count, "Open streams of server-sent events.");
        Self { total: limits.event_streams, per_client: limits.client_event_streams, open: Arc::default() }
    }

    /// One more stream for `client`; nothing when there are too many.
    pub(crate) fn permit(&self, client: IpAddr) -> Option<StreamPermit> {
        let client = customer(client);
        let mut open = self.open.lock();
        let of_client = open.by_client.get(&client).copied().unwrap_or_default();
        if open.total >= self.total || of_client >= self.per_client {
            return None;
        }
        open.total += 1;
        open.by_client.insert(client, of_client + 1);
        gauge!(OPEN_STREAMS).increment(1);
        Some(StreamPermit { client, open: Arc::clone(&self.open) })
    }
}

impl Drop for StreamPermit {
    fn drop(&mut self) {
        let mut open = self.open.lock();
        open.total -= 1;
        if let Some(of_client) = open.by_client.get_mut(&self.client) {
            *of_client -= 1;
            if *of_client == 0 {
                open.by_client.remove(&self.client);
            }
        }
        gauge!(OPEN_STREAMS).decrement(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_bounded_in_total_and_for_each_client() {
        let settings = HttpLimits { event_streams: 3, client_event_streams: 2, ..HttpLimits::default() };
        let limits = StreamLimit::new(&settings);
        let permit = |address: &str| limits.permit(address.parse().expect("an address"));
        let (first, second) = (permit("192.0.2.1"), permit("192.0.2.1"));
        assert!(first.is_some() && second.is_some());
        assert!(permit("192.0.2.1").is_none(), "one client");
        let other = permit("192.0.2.2");
        assert!(other.is_some());
        assert!(permit("192.0.2.3").is_none(), "in total");
        drop(first);
        assert!(permit("192.0.2.1").is_some());
        drop((second, other));
        assert_eq!(limits.open.lock().total, 0);
        assert!(limits.open.lock().by_client.is_empty());
    }
}
