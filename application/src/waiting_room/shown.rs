use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use onsale_domain::waiting_room::QueueNumber;
use parking_lot::RwLock;

/// Numbers on one page.
const PAGE: usize = 4_096;

/// What was last shown to whom: four bytes for each number, so that no place is ever shown larger than before.
#[derive(Default)]
pub(super) struct ShownPlaces {
    pages: RwLock<BTreeMap<i64, Box<[AtomicU32]>>>,
}

impl ShownPlaces {
    /// The smaller of `position` and what was shown before.
    pub(super) fn clamp(&self, number: QueueNumber, position: u64) -> u64 {
        let position = u32::try_from(position).unwrap_or(u32::MAX);
        let (page, index) = place(number);
        if let Some(shown) = self.pages.read().get(&page) {
            return shown[index].fetch_min(position, Ordering::Relaxed).min(position).into();
        }
        let mut pages = self.pages.write();
        let shown = pages.entry(page).or_insert_with(|| (0..PAGE).map(|_| AtomicU32::new(u32::MAX)).collect());
        shown[index].fetch_min(position, Ordering::Relaxed).min(position).into()
    }

    /// Forgets pages whose numbers were all let in.
    pub(super) fn forget(&self, serving: QueueNumber) {
        let (page, _) = place(serving);
        let mut pages = self.pages.write();
        *pages = pages.split_off(&page);
    }
}

fn place(number: QueueNumber) -> (i64, usize) {
    let size = i64::try_from(PAGE).expect("a page is small");
    (number.div_euclid(size), usize::try_from(number.rem_euclid(size)).expect("a remainder is not negative"))
}

/// Which numbers were seen since a line was made anew; one bit each.
#[derive(Default)]
pub(super) struct SeenNumbers {
    epoch: i64,
    bits: Vec<u64>,
}

impl SeenNumbers {
    /// Notes a number in `epoch`; true the first time. Numbers above `limit` do not exist.
    pub(super) fn is_first(&mut self, epoch: i64, number: QueueNumber, limit: QueueNumber) -> bool {
        if self.epoch != epoch {
            *self = Self { epoch, bits: Vec::new() };
        }
        let Some(index) = usize::try_from(number).ok().filter(|_| number <= limit) else { return false };
        let (word, bit) = (index / 64, 1_u64 << (index % 64));
        if word >= self.bits.len() {
            self.bits.resize(word + 1, 0);
        }
        let first = self.bits[word] & bit == 0;
        self.bits[word] |= bit;
        first
    }

    /// Forgets a number whose visitor could not be put back.
    pub(super) fn take_back(&mut self, epoch: i64, number: QueueNumber) {
        let Ok(index) = usize::try_from(number) else { return };
        if self.epoch == epoch
            && let Some(word) = self.bits.get_mut(index / 64)
        {
            *word &= !(1_u64 << (index % 64));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_never_shown_larger_than_before() {
        let shown = ShownPlaces::default();
        assert_eq!([9, 12, 7, 8].map(|position| shown.clamp(5_000, position)), [9, 9, 7, 7]);
        assert_eq!(shown.clamp(1, 30), 30, "another number has a place of its own");
        shown.forget(4_096);
        assert_eq!(shown.clamp(5_000, 8), 7, "it still waits");
        assert_eq!(shown.clamp(1, 40), 40, "it was let in");
    }

    #[test]
    fn a_number_is_seen_for_the_first_time_once_in_each_epoch() {
        let mut seen = SeenNumbers::default();
        assert!(seen.is_first(1, 70, 100));
        assert!(!seen.is_first(1, 70, 100));
        assert!(!seen.is_first(1, 101, 100), "nobody has that number");
        assert!(seen.is_first(2, 70, 100));
        seen.take_back(2, 70);
        assert!(seen.is_first(2, 70, 100));
    }
}
