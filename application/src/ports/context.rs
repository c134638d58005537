use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// The wall clock, truncated to microseconds: what every store keeps.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> DateTime<Utc>;
}

/// Where identities come from.
pub trait Ids: Send + Sync {
    /// A new `UUIDv7`, later than those before it.
    fn new_id(&self) -> Uuid;
}

/// Time and identities, as values for the domain.
#[derive(Clone)]
pub struct Context {
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

impl Context {
    /// A context on `clock` and `ids`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self { clock, ids }
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// A new identity of the kind that is asked for.
    #[must_use]
    pub fn new_id<T: From<Uuid>>(&self) -> T {
        self.ids.new_id().into()
    }

    /// Any number, to spread what would otherwise come all at once: the last bytes of an identity are random enough.
    #[must_use]
    pub fn random(&self) -> u64 {
        self.ids.new_id().as_u64_pair().1
    }
}
