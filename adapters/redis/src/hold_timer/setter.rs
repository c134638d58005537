use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, Utc};
use onsale_application::ports::Unavailable;
use onsale_support::lanes::Settle;
use onsale_support::timer::TimerMetrics;
use tracing::{info, warn};

use super::member::Member;
use super::schedule::Schedule;
use super::scripts::Shards;

/// When an alarm shall ring; never, when it shall be taken away.
#[derive(Clone, Copy)]
pub(super) struct Change {
    pub(super) member: Member,
    pub(super) due: Option<DateTime<Utc>>,
}

/// Sets the alarms that come at the same time, by one script.
pub(super) struct Setter {
    shards: Arc<Shards>,
    schedule: Arc<Schedule>,
    metrics: TimerMetrics,
    fails: AtomicBool,
}

impl Setter {
    pub(super) const fn new(shards: Arc<Shards>, schedule: Arc<Schedule>, metrics: TimerMetrics) -> Self {
        Self { shards, schedule, metrics, fails: AtomicBool::new(false) }
    }

    /// Said once, however many alarms cannot be set until Redis is there again.
    fn tell(&self, outcome: &Result<(), Unavailable>) {
        let failed = self.fails.swap(outcome.is_err(), Ordering::Relaxed);
        match outcome {
            Err(error) if !failed => warn!(%error, "alarms of holds are not set; the sweep will set them"),
            Ok(()) if failed => info!("alarms of holds are set again"),
            _ => {}
        }
    }
}

impl Settle<usize> for Setter {
    type Command = Change;
    type Outcome = Result<(), Unavailable>;

    async fn settle(&self, shard: &usize, group: Vec<Change>) -> Vec<Self::Outcome> {
        let changes = last_of_each(&group);
        let outcome = self.shards.set(*shard, &changes).await;
        self.tell(&outcome);
        if outcome.is_err() {
            self.metrics.dropped.increment(changes.iter().filter(|(_, due)| due.is_some()).count() as u64);
        } else if let Some(first) = changes.iter().filter_map(|(_, due)| *due).min() {
            self.schedule.hear(*shard, first);
        }
        vec![outcome; group.len()]
    }
}

/// What was wanted last for each hold.
fn last_of_each(group: &[Change]) -> Vec<(Member, Option<DateTime<Utc>>)> {
    let last: HashMap<_, _> = group.iter().map(|change| (change.member, change.due)).collect();
    last.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use onsale_domain::ids::{PerformanceId, ReservationId};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn of_several_changes_of_one_hold_the_last_counts() {
        let member =
            |id| Member { performance: PerformanceId(Uuid::nil()), reservation: ReservationId(Uuid::from_u128(id)) };
        let change = |id, seconds| Change { member: member(id), due: DateTime::from_timestamp(seconds, 0) };
        let taken_away = Change { member: member(1), due: None };
        let mut last = last_of_each(&[change(1, 5), change(2, 5), change(2, 9), taken_away]);
        last.sort_by_key(|(member, _)| member.reservation);
        assert_eq!(last, [(member(1), None), (member(2), DateTime::from_timestamp(9, 0))]);
    }
}
