use std::sync::Arc;

use async_trait::async_trait;
use chrono::TimeDelta;
use onsale_application::ports::{HelperHealth, StoreHealth, StoreStatus, Unavailable};
use onsale_application::readiness::Readiness;
use parking_lot::Mutex;

use crate::doubles::{TestClock, context};

/// A store that is as it was told to be.
struct Told(StoreStatus);

#[async_trait]
impl StoreHealth for Told {
    async fn status(&self) -> Result<StoreStatus, Unavailable> {
        Ok(self.0)
    }
}

async fn is_ready(schema_current: bool, skew_ms: i64, round_trip_ms: i64) -> bool {
    let clock_skew = TimeDelta::milliseconds(skew_ms);
    let round_trip = TimeDelta::milliseconds(round_trip_ms);
    let store = Arc::new(Told(StoreStatus { schema_current, clock_skew, round_trip }));
    let readiness = Readiness::new(store, Vec::new(), context(&TestClock::new()));
    readiness.caches_are_warm();
    readiness.look().await;
    readiness.is_ready()
}

#[tokio::test]
async fn a_clock_that_is_off_makes_a_replica_unready_and_slowness_alone_does_not() {
    for (skew_ms, round_trip_ms, ready) in [
        (0, 0, true),
        (250, 0, true),
        (-250, 1, true),
        (251, 0, false),
        (-700, 800, false),
        (600, 700, true),
        (-600, 700, true),
    ] {
        assert_eq!(is_ready(true, skew_ms, round_trip_ms).await, ready, "{skew_ms} ms off, {round_trip_ms} ms slow");
    }
}

#[tokio::test]
async fn a_schema_that_lacks_something_makes_a_replica_unready() {
    assert!(!is_ready(false, 0, 0).await);
}

/// A helper that is well or has this trouble.
#[derive(Default)]
struct Helper(Mutex<Option<&'static str>>);

#[async_trait]
impl HelperHealth for Helper {
    fn name(&self) -> &'static str {
        "helper"
    }

    async fn status(&self) -> Result<String, Unavailable> {
        self.0.lock().map_or_else(|| Ok("helps".to_owned()), |cause| Err(Unavailable::because(cause)))
    }
}

#[tokio::test]
async fn a_helper_that_is_down_is_named_with_how_long_and_why_and_requests_are_served() {
    let (helper, clock) = (Arc::new(Helper::default()), TestClock::new());
    let well = StoreStatus { schema_current: true, clock_skew: TimeDelta::zero(), round_trip: TimeDelta::zero() };
    let readiness = Readiness::new(Arc::new(Told(well)), vec![helper.clone()], context(&clock));
    readiness.caches_are_warm();
    let found = async || {
        readiness.look().await;
        let checks = readiness.checks();
        let check = checks.iter().find(|check| check.name == "helper").unwrap();
        let down_ms = readiness.down_for(check).map(|down| down.num_milliseconds());
        (check.ok, check.detail.clone(), down_ms, readiness.is_ready())
    };
    assert_eq!(found().await, (true, "helps".to_owned(), None, true));
    *helper.0.lock() = Some("connection refused");
    assert_eq!(found().await, (false, "connection refused".to_owned(), Some(0), true));
    clock.set(70_000);
    *helper.0.lock() = Some("it is silent");
    assert_eq!(found().await, (false, "it is silent".to_owned(), Some(70_000), true));
    *helper.0.lock() = None;
    assert_eq!(found().await, (true, "helps".to_owned(), None, true));
}
