use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use onsale_application::ports::{SharedAnswer, SharedCache, SharedCacheError, SharedLease, SharedValue};
use parking_lot::Mutex;
use tokio::time::Instant;
use uuid::Uuid;

/// Values, and leases, that are kept at most; further ones are not taken.
const MOST: usize = 10_000;

/// The shared cache of several readers in one process.
#[derive(Default)]
pub struct LocalSharedCache {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    mark: Option<i64>,
    values: HashMap<String, Kept<SharedValue>>,
    leases: HashMap<String, Kept<SharedLease>>,
    /// How many leases were given.
    given: u128,
}

struct Kept<T> {
    value: T,
    until: Instant,
}

impl State {
    fn raise(&mut self, generation: i64) -> i64 {
        let mark = self.mark.map_or(generation, |mark| mark.max(generation));
        self.mark = Some(mark);
        mark
    }

    fn current(&self, name: &str) -> Option<SharedValue> {
        let kept = self.values.get(name).filter(|kept| kept.lives())?;
        self.mark.is_some_and(|mark| mark <= kept.value.generation).then(|| kept.value.clone())
    }
}

impl<T> Kept<T> {
    fn lives(&self) -> bool {
        Instant::now() < self.until
    }
}

/// Keeps `value` for `length` if there is room.
fn keep<T>(kept: &mut HashMap<String, Kept<T>>, name: &str, value: T, length: Duration) -> bool {
    if kept.len() >= MOST {
        kept.retain(|_, kept| kept.lives());
    }
    let has_room = kept.len() < MOST || kept.contains_key(name);
    if has_room {
        kept.insert(name.to_owned(), Kept { value, until: Instant::now() + length });
    }
    has_room
}

#[async_trait]
impl SharedCache for LocalSharedCache {
    async fn get(&self, name: &str) -> Result<SharedAnswer, SharedCacheError> {
        let state = self.state.lock();
        Ok(SharedAnswer { latest: state.mark, value: state.current(name) })
    }

    async fn fill(&self, name: &str, value: SharedValue, ttl: Duration) -> Result<bool, SharedCacheError> {
        let mut state = self.state.lock();
        let is_latest = state.raise(value.generation) == value.generation;
        Ok(is_latest && keep(&mut state.values, name, value, ttl))
    }

    async fn lease(&self, name: &str, length: Duration) -> Result<Option<SharedLease>, SharedCacheError> {
        let mut state = self.state.lock();
        if state.leases.get(name).is_some_and(Kept::lives) {
            return Ok(None);
        }
        state.given += 1;
        let lease = SharedLease(Uuid::from_u128(state.given));
        Ok(keep(&mut state.leases, name, lease, length).then_some(lease))
    }

    async fn release(&self, name: &str, lease: SharedLease) -> Result<(), SharedCacheError> {
        let mut state = self.state.lock();
        if state.leases.get(name).is_some_and(|kept| kept.value == lease) {
            state.leases.remove(name);
        }
        Ok(())
    }

    async fn raise(&self, generation: i64) -> Result<i64, SharedCacheError> {
        Ok(self.state.lock().raise(generation))
    }

    async fn start_over(&self, generation: i64) -> Result<(), SharedCacheError> {
        let mut state = self.state.lock();
        if state.mark.is_none_or(|mark| mark > generation) {
            state.values.clear();
            state.mark = Some(generation);
        }
        Ok(())
    }
}
