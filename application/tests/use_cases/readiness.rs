use std::sync::Arc;

use async_trait::async_trait;
use chrono::TimeDelta;
use onsale_application::ports::{StoreHealth, StoreStatus, Unavailable};
use onsale_application::readiness::Readiness;

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
    let readiness = Readiness::new(Arc::new(Told(StoreStatus { schema_current, clock_skew, round_trip })));
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
