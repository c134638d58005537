//! Request metrics. Handles are made once per route, method and status: a request only adds to them.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram};
use poem::http::{Method, StatusCode};

/// Statuses with a handle of their own, in order; any other is registered on the spot.
const STATUSES: [u16; 27] = [
    200, 201, 202, 204, 206, 303, 304, 400, 401, 402, 403, 404, 405, 406, 408, 409, 410, 412, 413, 415, 422, 429, 499,
    500, 501, 503, 504,
];

/// Methods with a handle of their own; any other counts as `OTHER`.
const METHODS: [Method; 7] =
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];

/// The metrics of one route.
#[derive(Debug)]
pub(crate) struct RouteMetrics {
    route: Arc<str>,
    seconds: OnceLock<Histogram>,
    requests: Box<[OnceLock<Counter>]>,
}

impl RouteMetrics {
    pub(crate) fn new(route: Arc<str>) -> Self {
        let requests = (0..(METHODS.len() + 1) * STATUSES.len()).map(|_| OnceLock::new()).collect();
        Self { route, seconds: OnceLock::new(), requests }
    }

    /// Counts an answered request.
    pub(crate) fn count(&self, method: &Method, status: StatusCode, took: Duration) {
        self.seconds.get_or_init(|| self.register_histogram()).record(took.as_secs_f64());
        let (row, method) = METHODS
            .iter()
            .position(|known| known == method)
            .map_or((METHODS.len(), "OTHER"), |row| (row, METHODS[row].as_str()));
        match STATUSES.binary_search(&status.as_u16()) {
            Ok(column) => self.requests[row * STATUSES.len() + column]
                .get_or_init(|| self.register_counter(method, status))
                .increment(1),
            Err(_) => self.register_counter(method, status).increment(1),
        }
    }

    fn register_histogram(&self) -> Histogram {
        metrics::histogram!("onsale_http_request_seconds", "route" => Arc::clone(&self.route))
    }

    fn register_counter(&self, method: &str, status: StatusCode) -> Counter {
        metrics::counter!(
            "onsale_http_requests_total",
            "route" => Arc::clone(&self.route),
            "method" => method.to_owned(),
            "status" => status.as_str().to_owned(),
        )
    }
}

/// How many requests are being answered right now.
#[derive(Debug, Default)]
pub(crate) struct InFlight(OnceLock<Gauge>);

impl InFlight {
    /// Counts one request for as long as the guard lives, also when the client goes away.
    pub(crate) fn enter(&self) -> InFlightGuard<'_> {
        let gauge = self.0.get_or_init(|| metrics::gauge!("onsale_http_in_flight"));
        gauge.increment(1.0);
        InFlightGuard(gauge)
    }
}

pub(crate) struct InFlightGuard<'a>(&'a Gauge);

impl Drop for InFlightGuard<'_> {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_can_be_searched() {
        assert!(STATUSES.is_sorted());
    }
}
