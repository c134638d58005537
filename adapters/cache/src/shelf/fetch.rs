use std::time::Duration;

use bytes::Bytes;
use onsale_application::ports::{SharedLease, SharedValue, Versioned};
use tokio::time::Instant;
use tracing::warn;

use super::entry::{REFRESH, shared_ttl};
use super::flight::Answer;
use super::{Shelf, patience::Waiting};
use crate::encoding::{decode, encode};
use crate::kinds::Kind;
use crate::settings::within;
use crate::shared::{Leasing, Sharing};

/// The most bytes of a value that is shared: larger ones would hold up those behind them.
const SHARED_BYTES_LIMIT: usize = 1 << 20;

/// Why a value is fetched.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Haste {
    /// Somebody waits for it.
    Wanted,
    /// It will soon be too old.
    Ahead,
}

/// What a copy must be to do.
#[derive(Clone, Copy)]
struct Sought {
    /// The generation that it shows at least.
    required: i64,
    haste: Haste,
}

/// A value on its way to those who want it.
pub(super) struct Fetched<V> {
    pub(super) answer: Answer<V>,
    /// How old it was when it was fetched; nothing when it was read just now.
    pub(super) age: Duration,
    /// Its name in the second level, when it is to be shared there.
    share_as: Option<String>,
    /// What is to be given back, and under which name.
    lease: Option<(String, SharedLease)>,
}

impl<K: Kind> Shelf<K> {
    /// The value of `key` from the second level, or else from the store: then one replica reads it, and the others wait
    /// for that a little, about as long as reading it themselves would take.
    pub(super) async fn fetch(&self, key: &K::Key, haste: Haste) -> Fetched<K::Value> {
        let Some(sharing) = &self.sharing else {
            let answer = self.load(key).await;
            return Fetched { answer, age: Duration::ZERO, share_as: None, lease: None };
        };
        let sought = Sought { required: self.known.get(), haste };
        let name = K::shared_name(key);
        let mut waiting = Waiting::new(self.patience.limit(&self.settings));
        loop {
            if let Some((value, age)) = self.copy(sharing, key, &name, sought).await {
                return Fetched { answer: Ok(value), age, share_as: None, lease: None };
            }
            match sharing.lease(&name).await {
                Leasing::Taken(lease) => return self.fetch_for_all(key, sharing, name, lease, sought).await,
                Leasing::Held if waiting.goes_on().await => {}
                Leasing::Held | Leasing::Away => return self.fetch_alone(key, name).await,
            }
        }
    }

    /// Reads it unless it was filled in between looking for it and taking the lease.
    async fn fetch_for_all(
        &self,
        key: &K::Key,
        sharing: &Sharing,
        name: String,
        lease: SharedLease,
        sought: Sought,
    ) -> Fetched<K::Value> {
        let lease = Some((name.clone(), lease));
        match self.copy(sharing, key, &name, sought).await {
            Some((value, age)) => Fetched { answer: Ok(value), age, share_as: None, lease },
            None => Fetched { lease, ..self.fetch_alone(key, name).await },
        }
    }

    async fn fetch_alone(&self, key: &K::Key, name: String) -> Fetched<K::Value> {
        self.metrics.shared_misses.increment(1);
        Fetched { answer: self.load(key).await, age: Duration::ZERO, share_as: Some(name), lease: None }
    }

    async fn load(&self, key: &K::Key) -> Answer<K::Value> {
        let begun = Instant::now();
        let answer = within(self.settings.load_timeout, K::load(&*self.reader, key)).await;
        self.metrics.loads.record(begun.elapsed());
        if answer.is_ok() {
            self.patience.learn(begun.elapsed());
        }
        answer
    }

    /// What the second level has, if it shows what is required and is young enough, and its age. Late in its life it is
    /// good for those who wait, and not for who would read the next one.
    async fn copy(
        &self,
        sharing: &Sharing,
        key: &K::Key,
        name: &str,
        sought: Sought,
    ) -> Option<(Versioned<K::Value>, Duration)> {
        let SharedValue { generation, bytes } = sharing.get(name).await?;
        let (value, read_at) = decode::<K::Value>(&bytes)?;
        let age = (self.clock.now() - read_at).to_std().unwrap_or_default();
        let ttl = shared_ttl(&self.settings, K::is_absent(&value), self.hash(key, read_at));
        let limit = if sought.haste == Haste::Ahead { ttl.mul_f64(REFRESH) } else { ttl };
        if generation < sought.required || age >= limit {
            return None;
        }
        self.metrics.shared_hits.increment(1);
        Some((Versioned { value, generation, read_at }, age))
    }

    /// Puts a value that was read into the second level and gives the lease back, once those who waited have theirs.
    pub(super) async fn share(&self, key: &K::Key, fetched: Fetched<K::Value>) {
        let Some(sharing) = &self.sharing else { return };
        if let (Some(name), Ok(value)) = (&fetched.share_as, fetched.answer) {
            let ttl = shared_ttl(&self.settings, K::is_absent(&value.value), self.hash(key, value.read_at));
            match encode(&value.value, value.read_at) {
                Some(bytes) if bytes.len() <= SHARED_BYTES_LIMIT => {
                    let value = SharedValue { generation: value.generation, bytes: Bytes::from(bytes) };
                    sharing.fill(name, value, ttl).await;
                }
                Some(bytes) => warn!(name, bytes = bytes.len(), "a value is too large to be shared"),
                None => warn!(name, "a value cannot be encoded, and is not shared"),
            }
        }
        if let Some((name, lease)) = fetched.lease {
            sharing.release(&name, lease).await;
        }
    }
}
