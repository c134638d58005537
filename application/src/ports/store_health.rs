use async_trait::async_trait;
use chrono::TimeDelta;

use super::Unavailable;

/// How the store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreStatus {
    /// Whether its schema has everything that this program needs.
    pub schema_current: bool,
    /// How far its clock is ahead of ours; negative when behind.
    pub clock_skew: TimeDelta,
    /// How long asking it for its clock took: the skew is off by half of this at most.
    pub round_trip: TimeDelta,
}

/// Asks the store how it is.
#[async_trait]
pub trait StoreHealth: Send + Sync {
    /// How it is now.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn status(&self) -> Result<StoreStatus, Unavailable>;
}
