use std::future::Future;
use std::time::Duration;

use onsale_application::ports::Unavailable;
use tokio::time::timeout;

/// How long things are kept, and how much of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheSettings {
    /// Whether values are kept in this process at all.
    pub l1: bool,
    /// How long a value is kept in this process before it is fetched again; up to a tenth less, so that values that were
    /// read together are not read again together.
    pub ttl: Duration,
    /// How old a value may become, in what replicas share and in each process; up to a tenth less too.
    pub shared_ttl: Duration,
    /// How long it is remembered that something does not exist.
    pub absent_ttl: Duration,
    /// How old a value may become while the store cannot be read.
    pub fail_safe: Duration,
    /// How long a value whose reading failed is not tried again, so that a store in trouble is not asked by everybody.
    /// After that it is tried in the background while the old value is served, so that nobody waits for such a store.
    pub retry_pause: Duration,
    /// How long a reading may take before it counts as failed.
    pub load_timeout: Duration,
    /// How long a replica may keep others from reading the same value. Longer than `load_timeout`.
    pub lease: Duration,
    /// How long one waits for another replica's reading before reading oneself; longer when readings usually take longer.
    pub patience: Duration,
    /// How often the generation is read: what a lost announcement costs.
    pub poll: Duration,
    /// The most bytes of pages of concerts, about.
    pub lists_bytes: u64,
    /// The most bytes of concerts, about.
    pub concerts_bytes: u64,
    /// The most bytes of performances, about.
    pub performances_bytes: u64,
    /// The most bytes of seating plans, about; 50,000 seats take some 8 MB.
    pub plans_bytes: u64,
    /// How long a plan that nobody asks for is kept.
    pub plan_idle: Duration,
}

impl CacheSettings {
    /// The settings of a server.
    pub const DEFAULT: Self = {
        const MIB: u64 = 1 << 20;
        Self {
            l1: true,
            ttl: Duration::from_mins(1),
            shared_ttl: Duration::from_mins(2),
            absent_ttl: Duration::from_secs(10),
            fail_safe: Duration::from_hours(1),
            retry_pause: Duration::from_secs(1),
            load_timeout: Duration::from_secs(5),
            lease: Duration::from_secs(6),
            patience: Duration::from_millis(50),
            poll: Duration::from_millis(500),
            lists_bytes: 16 * MIB,
            concerts_bytes: 16 * MIB,
            performances_bytes: 16 * MIB,
            plans_bytes: 64 * MIB,
            plan_idle: Duration::from_hours(1),
        }
    };
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What `reading` answers, or an error when that takes longer than `limit`.
pub(crate) async fn within<T>(
    limit: Duration,
    reading: impl Future<Output = Result<T, Unavailable>>,
) -> Result<T, Unavailable> {
    let late = |_| Err(Unavailable::because(format!("reading the catalogue took longer than {limit:?}")));
    timeout(limit, reading).await.unwrap_or_else(late)
}
