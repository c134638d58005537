//! How much the lanes of one kind may take on.

/// The limits of one kind of lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneLimits {
    /// Commands settled together at most. Beyond 256, larger groups bring a SQL store little more.
    pub group: usize,
    /// Groups of one lane settled at the same time. More than one gives up order within the lane; it exists so that
    /// groups of one can be measured against group commit fairly.
    pub in_flight: usize,
    /// Commands of one lane that may wait; the next one is answered [`Full`](super::LaneError::Full).
    pub queue: usize,
    /// Lanes with work at the same time; a command for one more is answered [`Full`](super::LaneError::Full).
    pub lanes: usize,
}

impl Default for LaneLimits {
    fn default() -> Self {
        Self { group: 256, in_flight: 1, queue: 16_384, lanes: 4_096 }
    }
}

impl LaneLimits {
    pub(super) fn at_least_one(self) -> Self {
        Self {
            group: self.group.max(1),
            in_flight: self.in_flight.max(1),
            queue: self.queue.max(1),
            lanes: self.lanes.max(1),
        }
    }
}
