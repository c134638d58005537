use super::QueueNumber;

/// The shortest time between two polls, in milliseconds: near the front.
pub const POLL_NEAREST_MS: u64 = 1_000;
/// The longest time between two polls, in milliseconds: far back.
pub const POLL_FARTHEST_MS: u64 = 30_000;
/// Polls that a visitor makes on its way through the line, before the bounds apply.
const POLLS_ON_THE_WAY: u64 = 20;
/// How far a poll is moved at random, in percent to either side, so that polls do not come in waves.
const JITTER_PERCENT: u64 = 20;

/// A copy of a line, small however long the line is: exact near the front, marks further back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineView {
    /// The highest number that was let in when the line was read.
    pub serving: QueueNumber,
    /// Visitors in line.
    pub waiting: u64,
    /// The highest number handed out.
    pub last: QueueNumber,
    /// The numbers of the first visitors in line, in order.
    pub first: Vec<QueueNumber>,
    /// Further numbers in order, each with how many visitors stand up to it, itself included.
    pub marks: Vec<(QueueNumber, u64)>,
}

impl LineView {
    /// The place of `number`: 1 for the first in line. Exact among the first, else between the two marks around it.
    #[must_use]
    pub fn position(&self, number: QueueNumber) -> u64 {
        if number > self.last {
            // Came after the line was read, and so did everybody between the last one and this.
            let later = u64::try_from(number - self.last.max(self.serving)).unwrap_or(0);
            return (self.waiting + later).max(1);
        }
        let exact = self.first.partition_point(|first| *first < number);
        if exact < self.first.len() || self.first.is_empty() && self.marks.is_empty() {
            return exact as u64 + 1;
        }
        let next = self.marks.partition_point(|(mark, _)| *mark < number);
        let low = match next.checked_sub(1) {
            Some(before) => self.marks[before],
            None => (self.first.last().copied().unwrap_or(self.serving), self.first.len() as u64),
        };
        let high = self.marks.get(next).copied().unwrap_or((self.last.max(number), self.waiting.max(low.1)));
        between(low, high, number).max(1)
    }
}

/// The place of `number` if those between two marks stand evenly.
fn between(low: (QueueNumber, u64), high: (QueueNumber, u64), number: QueueNumber) -> u64 {
    let numbers = u128::try_from(high.0 - low.0).unwrap_or(0);
    let passed = u128::try_from(number - low.0).unwrap_or(0);
    if numbers == 0 {
        return high.1;
    }
    let visitors = u128::from(high.1.saturating_sub(low.1));
    low.1 + u64::try_from((visitors * passed).div_ceil(numbers)).unwrap_or(u64::MAX)
}

/// Seconds until the visitor at `position` is let in, when `per_minute` visitors were let in within a minute; nothing
/// when nobody is let in.
#[must_use]
pub fn estimated_wait_seconds(position: u64, per_minute: u64) -> Option<u64> {
    (per_minute > 0).then(|| position.saturating_mul(60).div_ceil(per_minute))
}

/// When a visitor should ask again who is let in after `wait_seconds`; `random` is any number.
#[must_use]
pub fn poll_after_ms(wait_seconds: Option<u64>, random: u64) -> u64 {
    let wait = wait_seconds.map_or(POLL_FARTHEST_MS, |seconds| seconds.saturating_mul(1_000) / POLLS_ON_THE_WAY);
    let even = wait.clamp(POLL_NEAREST_MS, POLL_FARTHEST_MS);
    let percent = 100 - JITTER_PERCENT + random % (2 * JITTER_PERCENT + 1);
    (even * percent / 100).clamp(POLL_NEAREST_MS, POLL_FARTHEST_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every third visitor of 30,000 has left.
    fn line() -> (Vec<QueueNumber>, LineView) {
        let numbers: Vec<QueueNumber> = (1..=30_000).filter(|number| number % 3 != 0).collect();
        let first = numbers[..1_000].to_vec();
        let marks = (1..=256).map(|mark| mark * numbers.len() / 256).filter(|rank| *rank > 1_000);
        let marks = marks.map(|rank| (numbers[rank - 1], rank as u64)).collect();
        let view = LineView { serving: 0, waiting: numbers.len() as u64, last: 30_000, first, marks };
        (numbers, view)
    }

    #[test]
    fn a_place_is_exact_near_the_front_and_within_one_percent_further_back() {
        let (numbers, view) = line();
        for (index, number) in numbers.iter().enumerate() {
            let (exact, shown) = (index as u64 + 1, view.position(*number));
            let allowed = if index < 1_000 { 0 } else { numbers.len() as u64 / 100 };
            assert!(shown.abs_diff(exact) <= allowed, "number {number} is {exact}, not {shown}");
        }
        assert_eq!(LineView::default().position(1), 1, "an empty line");
    }

    #[test]
    fn who_came_after_the_line_was_read_stands_behind_everybody_in_it() {
        let (_, view) = line();
        assert_eq!(view.position(30_001), 20_001);
        assert_eq!(view.position(30_500), 20_500);
        let short = LineView { serving: 4, waiting: 2, last: 9, first: vec![6, 9], marks: Vec::new() };
        assert_eq!([6, 9, 10, 12].map(|number| short.position(number)), [1, 2, 3, 5]);
        let unread = LineView { serving: 4, ..LineView::default() };
        assert_eq!([5, 30].map(|number| unread.position(number)), [1, 26], "the line was not read yet");
    }

    #[test]
    fn the_wait_follows_the_rate() {
        assert_eq!(estimated_wait_seconds(600, 600), Some(60));
        assert_eq!(estimated_wait_seconds(1, 6_000), Some(1));
        assert_eq!(estimated_wait_seconds(1, 0), None);
    }

    #[test]
    fn who_is_near_the_front_asks_more_often() {
        assert_eq!(poll_after_ms(Some(1), 20), POLL_NEAREST_MS);
        assert_eq!(poll_after_ms(Some(100), 20), 5_000);
        assert_eq!(poll_after_ms(Some(86_400), 20), POLL_FARTHEST_MS);
        assert_eq!(poll_after_ms(None, 20), POLL_FARTHEST_MS);
        let spread = [0, 20, 40].map(|random| poll_after_ms(Some(100), random));
        assert_eq!(spread, [4_000, 5_000, 6_000]);
    }
}
