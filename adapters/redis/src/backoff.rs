use std::time::Duration;

/// Pauses between attempts: each is twice as long as the one before, up to the longest.
pub(crate) struct Backoff {
    pub(crate) first: Duration,
    pub(crate) longest: Duration,
}

impl Backoff {
    /// The pause after `failed` attempts in a row.
    pub(crate) fn pause(&self, failed: u32) -> Duration {
        self.first.saturating_mul(1 << failed.saturating_sub(1).min(8)).min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let backoff = Backoff { first: Duration::from_millis(250), longest: Duration::from_secs(2) };
        assert_eq!(
            [0, 1, 2, 3, 4, u32::MAX].map(|failed| backoff.pause(failed).as_millis()),
            [250, 250, 500, 1_000, 2_000, 2_000]
        );
    }
}
