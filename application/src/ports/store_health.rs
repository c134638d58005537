use async_trait::async_trait;
use chrono::TimeDelta;

use super::Unavailable;

/// How the store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreStatus {
    /// Whether its schema is the one this program was built with.
    pub schema_current: bool,
    /// How far its clock is ahead of ours; negative when behind.
    pub clock_skew: TimeDelta,
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
