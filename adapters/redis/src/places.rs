use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use onsale_application::ports::{
    Entered, Entry, EntryTerms, Front, LineId, Places, PlacesError, Unavailable, VIEW_FIRST, VIEW_MARKS,
};
use onsale_domain::ids::WaitingRoomId;
use onsale_domain::waiting_room::{LineView, QueueNumber, VisitorId};
use onsale_support::lanes::{LaneError, LaneLimits, Lanes};
use tokio::time::{Instant, timeout_at};

mod entrance;
mod member;
mod scripts;

use entrance::{Entrance, Waiting};
use member::Member;
use scripts::Lines;

use crate::server::Redis;

/// Visitors in one script: well below a millisecond of Redis.
const BATCH: usize = 256;
/// Visitors that one script forgets: about a millisecond of Redis.
const FORGET_BATCH: usize = 2_000;

/// Lines in Redis, which every replica shares; about 130 bytes for each visitor whose name is a UUID.
///
/// Each step is a script, which first makes sure that the line is of the epoch that its caller means and was made on this
/// very server since it started and last changed its role. So a Redis that lost anything is noticed before it hands a
/// number out twice. Entries of a room that meet share a script.
pub struct RedisPlaces {
    lines: Arc<Lines>,
    entries: Lanes<LineId, Entrance>,
    timeout: Duration,
}

impl RedisPlaces {
    /// Lines in `redis`. A recorder of metrics must be installed before, or nothing is recorded.
    #[must_use]
    pub fn new(redis: Redis) -> Self {
        let (timeout, entries) = (redis.timeout(), redis.settings().entries);
        // One group of a line at a time: the next forms meanwhile, and numbers keep the order of arrival.
        let limits = LaneLimits { group: entries.group.min(BATCH), in_flight: 1, ..entries };
        let lines = Arc::new(Lines::new(redis));
        let entries = Lanes::new("places", limits, Entrance::new(Arc::clone(&lines)));
        Self { lines, entries, timeout }
    }

    /// Takes no more entries and waits until each that was taken has its answer.
    pub async fn drain(&self) {
        self.entries.drain().await;
    }
}

#[async_trait]
impl Places for RedisPlaces {
    async fn enter(&self, line: LineId, entry: Entry, terms: EntryTerms) -> Result<Entered, PlacesError> {
        let deadline = Instant::now() + self.timeout;
        match timeout_at(deadline, self.entries.submit(line, Waiting { entry, terms, deadline })).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(LaneError::Full)) => Err(PlacesError::Busy),
            Ok(Err(error)) => Err(Unavailable::because(error).into()),
            Err(_) => Err(Unavailable::because("the line gave no place in time").into()),
        }
    }

    async fn leave(&self, line: LineId, visitor: &VisitorId, number: QueueNumber) -> Result<(), PlacesError> {
        self.lines.leave(line, &Member::from(visitor), number).await
    }

    async fn put_back(&self, line: LineId, visitors: &[(VisitorId, QueueNumber)]) -> Result<(), PlacesError> {
        for batch in visitors.chunks(BATCH) {
            let members: Vec<_> = batch.iter().map(|(visitor, number)| (Member::from(visitor), *number)).collect();
            self.lines.put_back(line, &members).await?;
        }
        Ok(())
    }

    async fn front(&self, line: LineId, serving: QueueNumber, count: u32) -> Result<Front, PlacesError> {
        let (to, present, last) = self.lines.front(line, serving, count).await?;
        Ok(Front { to, present, last })
    }

    async fn view(&self, line: LineId, serving: QueueNumber) -> Result<LineView, PlacesError> {
        let (waiting, last, first, marks) = self.lines.view(line, serving, VIEW_FIRST, VIEW_MARKS).await?;
        let (marks, _) = marks.as_chunks();
        let marks = marks.iter().map(|[number, rank]| (*number, rank.unsigned_abs())).collect();
        Ok(LineView { serving, waiting, last, first, marks })
    }

    async fn numbers_of(&self, line: LineId, visitors: &[VisitorId]) -> Result<Vec<Option<QueueNumber>>, PlacesError> {
        let mut numbers = Vec::with_capacity(visitors.len());
        for batch in visitors.chunks(BATCH) {
            let members: Vec<_> = batch.iter().map(Member::from).collect();
            numbers.extend(self.lines.numbers_of(line, &members).await?);
        }
        Ok(numbers)
    }

    async fn forget(&self, line: LineId, up_to: QueueNumber) -> Result<(), PlacesError> {
        while self.lines.forget(line, up_to, FORGET_BATCH).await? > 0 {}
        Ok(())
    }

    async fn begin(&self, line: LineId, last: QueueNumber) -> Result<(), PlacesError> {
        self.lines.begin(line, last).await
    }

    async fn clear(&self, room: WaitingRoomId) -> Result<(), PlacesError> {
        self.lines.clear(room).await
    }
}
