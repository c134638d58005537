//! What the worlds of unit tests have in common: a clock that runs, a bus on which nobody speaks.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use onsale_application::ports::{Bus, BusMessage, BusReceiver, Clock, Ids, Unavailable};
use tokio::time::Instant;
use uuid::Uuid;

/// The answer of a port that a test does not ask.
pub(crate) fn nobody_asks<T>() -> Result<T, Unavailable> {
    Err(Unavailable::because("these tests do not ask for it"))
}

/// Hears nothing.
struct Silence;

#[async_trait]
impl BusReceiver for Silence {
    async fn next(&mut self) -> Option<BusMessage> {
        std::future::pending().await
    }
}

/// A bus on which nobody speaks: copies are then read anew when somebody looks.
pub(crate) struct SilentBus;

impl Bus for SilentBus {
    fn publish(&self, _: BusMessage) {}

    fn subscribe(&self) -> Box<dyn BusReceiver> {
        Box::new(Silence)
    }
}

/// The runtime's clock, which tests pause, from 1970 on; the only identity is nil.
#[derive(Clone, Copy)]
pub(crate) struct Running(Instant);

impl Running {
    /// A clock that starts now.
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }
}

impl Clock for Running {
    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + self.0.elapsed()
    }
}

impl Ids for Running {
    fn new_id(&self) -> Uuid {
        Uuid::nil()
    }
}
