use chrono::{DateTime, Utc};
use onsale_domain::ids::{CategoryId, PerformanceId};
use onsale_domain::seat::SeatNo;

/// How much is left of a category.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CategoryAvailability {
    /// Which category.
    pub category: CategoryId,
    /// How many seats or tickets are free.
    pub available: u32,
}

/// What was free at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AvailabilitySnapshot {
    /// Of which performance.
    pub performance: PerformanceId,
    /// Names the sequence of versions.
    pub epoch: i64,
    /// The version of the seats.
    pub version: i64,
    /// When it was known to be true.
    pub at: DateTime<Utc>,
    /// How much is left, by category.
    pub categories: Vec<CategoryAvailability>,
    /// How many seats there are.
    pub seats: u32,
    /// Byte i holds seats 8i…8i+7, lowest bit first, 1 = free.
    pub free: Vec<u8>,
}

/// What changed between two snapshots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatDifference {
    /// Seats that are no longer free, in ascending order.
    pub taken: Vec<SeatNo>,
    /// Seats that are free again, in ascending order.
    pub freed: Vec<SeatNo>,
}

impl AvailabilitySnapshot {
    /// Whether a seat is free; a seat that does not exist is not.
    #[must_use]
    pub fn is_free(&self, no: SeatNo) -> bool {
        self.free.get(no as usize / 8).is_some_and(|byte| byte & (1 << (no % 8)) != 0)
    }

    /// Whether nothing is left.
    #[must_use]
    pub fn sold_out(&self) -> bool {
        self.categories.iter().all(|category| category.available == 0)
    }

    /// What changed since `older`; nothing when the two cannot be compared.
    #[must_use]
    pub fn difference(&self, older: &Self) -> Option<SeatDifference> {
        if self.epoch != older.epoch || self.seats != older.seats {
            return None;
        }
        let mut difference = SeatDifference { taken: Vec::new(), freed: Vec::new() };
        for (index, (now, before)) in (0u32..).zip(self.free.iter().zip(&older.free)) {
            let mut changed = now ^ before;
            while changed != 0 {
                let bit = changed.trailing_zeros();
                let seats = if now & (1 << bit) == 0 { &mut difference.taken } else { &mut difference.freed };
                seats.push(index * 8 + bit);
                changed &= changed - 1;
            }
        }
        Some(difference)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use onsale_domain::ids::PerformanceId;
    use uuid::Uuid;

    use super::{AvailabilitySnapshot, SeatDifference};

    fn snapshot(epoch: i64, free: Vec<u8>) -> AvailabilitySnapshot {
        AvailabilitySnapshot {
            performance: PerformanceId(Uuid::nil()),
            epoch,
            version: 1,
            at: DateTime::UNIX_EPOCH,
            categories: Vec::new(),
            seats: 16,
            free,
        }
    }

    #[test]
    fn bits_are_lowest_first() {
        let snapshot = snapshot(1, vec![0b0000_0010, 0b1000_0000]);
        let free: Vec<u32> = (0..20).filter(|no| snapshot.is_free(*no)).collect();
        assert_eq!(free, [1, 15]);
    }

    #[test]
    fn a_difference_names_each_changed_seat() {
        let older = snapshot(1, vec![0b0000_1111, 0]);
        let newer = snapshot(1, vec![0b0000_1001, 0b0000_0001]);
        let difference = SeatDifference { taken: vec![1, 2], freed: vec![8] };
        assert_eq!(newer.difference(&older), Some(difference));
        assert_eq!(newer.difference(&snapshot(2, vec![0, 0])), None);
    }
}
