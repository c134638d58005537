use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use onsale_application::ports::{Clock, Context, Ids};
use parking_lot::Mutex;
use uuid::Uuid;

/// A moment: milliseconds after the tests' beginning.
pub(crate) fn at(milliseconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::milliseconds(milliseconds)
}

/// A clock that stands still until it is moved.
pub(crate) struct TestClock {
    now: Mutex<DateTime<Utc>>,
}

impl TestClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { now: Mutex::new(at(0)) })
    }

    pub(crate) fn set(&self, milliseconds: i64) {
        *self.now.lock() = at(milliseconds);
    }
}

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        *self.now.lock()
    }
}

#[derive(Default)]
struct Counted(AtomicU64);

impl Ids for Counted {
    fn new_id(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::Relaxed)) + 1)
    }
}

/// A context on `clock` whose identities are 1, 2, 3 ….
pub(crate) fn context(clock: &Arc<TestClock>) -> Context {
    Context::new(clock.clone(), Arc::new(Counted::default()))
}
