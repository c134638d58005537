use async_trait::async_trait;
use chrono::{DateTime, Utc};
use onsale_domain::ids::{PerformanceId, ReservationId};

use super::Unavailable;

/// When a hold should be tidied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HoldAlarm {
    /// Which hold.
    pub reservation: ReservationId,
    /// Of which performance.
    pub performance: PerformanceId,
    /// When.
    pub due: DateTime<Utc>,
}

/// The alarm clock of holds: a delayed queue with lease and acknowledgement.
///
/// It makes tidying prompt and nothing else: a hold ends by itself, and a slow sweep re-arms whatever was lost.
#[async_trait]
pub trait HoldTimer: Send + Sync {
    /// Sets alarms; one that is already set for the same hold is moved.
    ///
    /// # Errors
    /// [`Unavailable`]; the sweep will set them later.
    async fn arm(&self, alarms: &[HoldAlarm]) -> Result<(), Unavailable>;

    /// Takes alarms away, leased or not; unknown ones are ignored.
    ///
    /// # Errors
    /// [`Unavailable`]; they will ring for nothing.
    async fn disarm(&self, holds: &[ReservationId]) -> Result<(), Unavailable>;

    /// Waits until an alarm is due and leases up to `limit` of them, the longest due first. A leased alarm that is not
    /// acknowledged comes back when its lease ends.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn ring(&self, limit: usize) -> Result<Vec<HoldAlarm>, Unavailable>;

    /// Ends the leases of alarms whose work is committed, unless they were moved meanwhile.
    ///
    /// # Errors
    /// [`Unavailable`]; they will come back.
    async fn acknowledge(&self, rung: &[HoldAlarm]) -> Result<(), Unavailable>;
}
