use async_trait::async_trait;

use super::Unavailable;

/// One broken invariant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which invariant, such as `seats_sold_to_paid_reservations`.
    pub invariant: &'static str,
    /// What breaks it, with ids.
    pub detail: String,
}

/// What an audit found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditReport {
    /// How many rows each invariant was proved on.
    pub checked: Vec<(&'static str, u64)>,
    /// Every violation, up to the limit that was asked for.
    pub violations: Vec<Violation>,
    /// Invariants that could not be proved within the time that was given.
    pub unfinished: Vec<&'static str>,
}

/// Proves every invariant on live data.
#[async_trait]
pub trait Audit: Send + Sync {
    /// Reads, and only reads, in one consistent view; stops naming violations of one invariant after `limit`.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn audit(&self, limit: u32) -> Result<AuditReport, Unavailable>;
}
