//! Waiting for what a server only tells when it is asked.

use std::time::Duration;

use tokio::time::{Instant, sleep};

const LIMIT: Duration = Duration::from_mins(1);
/// The pause between two questions: a place in a line may be asked after five times a second.
const PAUSE: Duration = Duration::from_millis(200);

/// Asks again and again, until it is so.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let limit = Instant::now() + LIMIT;
    while !is_so().await {
        assert!(Instant::now() < limit, "this has not come true: {what}");
        sleep(PAUSE).await;
    }
}
