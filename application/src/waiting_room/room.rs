use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use metrics::histogram;
use onsale_domain::ids::WaitingRoomId;
use onsale_domain::waiting_room::{
    LineView, Phase, QueueNumber, Visit, VisitorId, WaitingRoom, estimated_wait_seconds,
};
use parking_lot::{Mutex, RwLock};
use tokio::sync::{Notify, watch};

use super::shown::{SeenNumbers, ShownPlaces};
use super::silence::StoreSilence;
use super::state::{RoomState, Standing};
use crate::ports::{LineId, RoomChanges, RoomRecord};

/// How long after the last moment to claim a range of numbers stays in the line, so that no copy of the room is behind.
const FORGET_MARGIN: TimeDelta = TimeDelta::seconds(10);

/// How long a line that was lost counts every number as present: twice the longest poll.
pub(super) const HEALING: TimeDelta = TimeDelta::seconds(60);

/// One room as this process knows it.
pub struct LiveRoom {
    id: WaitingRoomId,
    pub(super) state: RwLock<RoomState>,
    /// The same as in `state`, shared: every call about a place looks at them.
    terms: RwLock<Arc<WaitingRoom>>,
    line: RwLock<Arc<LineView>>,
    per_minute: AtomicI64,
    /// No number above it may be handed out; SQL's may be higher.
    ceiling: AtomicI64,
    forgotten: AtomicI64,
    shown: ShownPlaces,
    seen: Mutex<SeenNumbers>,
    returning: Mutex<Vec<(VisitorId, QueueNumber)>>,
    epoch: Mutex<EpochNews>,
    news: watch::Sender<u64>,
    silence: Arc<StoreSilence>,
    /// Somebody has taken a place here.
    pub(super) arrived: Notify,
    /// Whether the schedule waits for visitors or for room, so that its next tick is not late but early.
    pub(super) idle: AtomicBool,
    /// Whether nobody stood in line at the last tick, so that the first who comes need not wait for the next look.
    pub(super) is_empty: AtomicBool,
    /// How often its changes were begun to be read.
    pub(super) reads_begun: AtomicU64,
    /// One at a time reads its changes: the number of the last reading that succeeded.
    pub(super) reading: tokio::sync::Mutex<u64>,
    /// One at a time mends its line.
    pub(super) mending: tokio::sync::Mutex<()>,
}

/// What this process knows of the present epoch.
#[derive(Clone, Copy)]
pub(super) struct EpochNews {
    pub(super) epoch: i64,
    /// When it began, for one that began while this process looked on.
    pub(super) begun_at: Option<DateTime<Utc>>,
    /// Whether the line answered in it.
    pub(super) answered: bool,
}

/// The figures of one room, for metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoomFigures {
    /// Visitors in line, as of the last look.
    pub waiting: u64,
    /// Visitors inside.
    pub alive: i64,
    /// The highest number let in.
    pub serving: QueueNumber,
    /// The epoch of its line.
    pub epoch: i64,
    /// Whether its line is still filling again.
    pub healing: bool,
}

impl LiveRoom {
    pub(super) fn new(id: WaitingRoomId, changes: RoomChanges, now: DateTime<Utc>, silence: Arc<StoreSilence>) -> Self {
        let progress = &changes.record.progress;
        let serving = progress.serving;
        Self {
            id,
            line: RwLock::new(Arc::new(LineView { serving, ..LineView::default() })),
            per_minute: AtomicI64::new(0),
            ceiling: AtomicI64::new(progress.ceiling),
            forgotten: AtomicI64::new(0),
            shown: ShownPlaces::default(),
            seen: Mutex::default(),
            returning: Mutex::default(),
            epoch: Mutex::new(EpochNews { epoch: progress.epoch, begun_at: None, answered: false }),
            news: watch::Sender::new(0),
            silence,
            arrived: Notify::new(),
            idle: AtomicBool::new(true),
            is_empty: AtomicBool::new(true),
            reads_begun: AtomicU64::new(0),
            reading: tokio::sync::Mutex::default(),
            mending: tokio::sync::Mutex::default(),
            terms: RwLock::new(Arc::new(changes.record.room.clone())),
            state: RwLock::new(RoomState::new(changes, now)),
        }
    }

    /// Its identity.
    #[must_use]
    pub const fn id(&self) -> WaitingRoomId {
        self.id
    }

    /// The room and how far it has come.
    #[must_use]
    pub fn record(&self) -> RoomRecord {
        self.state.read().record.clone()
    }

    /// The room's terms.
    #[must_use]
    pub fn terms(&self) -> Arc<WaitingRoom> {
        Arc::clone(&self.terms.read())
    }

    /// Where it is in its life.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.state.read().record.room.phase
    }

    /// Where it is in its life as it is shown: while the store is away nobody is let in, so an open room is paused.
    #[must_use]
    pub fn shown_phase(&self, now: DateTime<Utc>) -> Phase {
        match self.phase() {
            Phase::Open if self.silence.lasts(now) => Phase::Paused,
            phase => phase,
        }
    }

    /// Changes whenever there is something new about the room or its line.
    #[must_use]
    pub fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    /// Its figures.
    #[must_use]
    pub fn figures(&self, now: DateTime<Utc>) -> RoomFigures {
        let state = self.state.read();
        let progress = &state.record.progress;
        RoomFigures {
            waiting: self.line.read().waiting,
            alive: progress.alive,
            serving: progress.serving,
            epoch: progress.epoch,
            healing: progress.is_healing(now),
        }
    }

    /// Visitors who are let in within a minute.
    #[must_use]
    pub fn per_minute(&self) -> u64 {
        u64::try_from(self.per_minute.load(Ordering::Relaxed)).unwrap_or(0)
    }

    /// Seconds until the visitor at `position` would be let in by the schedule alone.
    pub(super) fn planned_wait_seconds(&self, position: u64) -> Option<u64> {
        estimated_wait_seconds(position, self.state.read().planned_per_minute())
    }

    /// Visitors in line, as of the last look.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.line.read().waiting
    }

    pub(super) fn line_id(&self) -> LineId {
        LineId { room: self.id, epoch: self.state.read().record.progress.epoch }
    }

    pub(super) fn change(&self) -> i64 {
        self.state.read().record.progress.change
    }

    pub(super) fn apply(&self, changes: RoomChanges, now: DateTime<Utc>) {
        let progress = changes.record.progress.clone();
        let mut state = self.state.write();
        for tick in changes.ticks.iter().filter(|tick| tick.no > state.record.progress.tick) {
            let delay = (now - tick.at).to_std().unwrap_or_default();
            histogram!("onsale_waiting_room_announcement_delay_seconds").record(delay);
        }
        state.apply(changes, now);
        if **self.terms.read() != state.record.room {
            *self.terms.write() = Arc::new(state.record.room.clone());
        }
        drop(state);
        self.ceiling.fetch_max(progress.ceiling, Ordering::Relaxed);
        let mut epoch = self.epoch.lock();
        if progress.epoch > epoch.epoch {
            let begun_at = progress.healing.map_or(now, |healing| healing.until - HEALING);
            *epoch = EpochNews { epoch: progress.epoch, begun_at: Some(begun_at), answered: false };
        }
        drop(epoch);
        self.tell();
    }

    pub(super) fn note(&self, visit: Visit, now: DateTime<Utc>) {
        self.state.write().note(visit, now);
    }

    pub(super) fn standing(&self, visitor: &VisitorId, number: QueueNumber, now: DateTime<Utc>) -> Standing {
        self.state.read().standing(visitor, number, now)
    }

    /// Whether nobody is inside and the line is whole, so that with nobody in it there is nothing to do.
    pub(super) fn is_idle(&self, now: DateTime<Utc>) -> bool {
        let progress = &self.state.read().record.progress;
        progress.alive == 0 && !progress.is_healing(now)
    }

    /// Whether it is known that a number's place or visit has ended.
    pub(super) fn has_ended(&self, number: QueueNumber) -> bool {
        self.state.read().visit(number).is_some_and(|visit| visit.ended.is_some())
    }

    pub(super) fn tell(&self) {
        self.news.send_modify(|news| *news += 1);
    }

    pub(super) fn set_line(&self, line: LineView, now: DateTime<Utc>) {
        if self.state.read().is_to_be_pruned(now) {
            self.state.write().prune(now);
        }
        let per_minute = self.state.read().per_minute(now);
        self.per_minute.store(i64::try_from(per_minute).unwrap_or(i64::MAX), Ordering::Relaxed);
        self.shown.forget(line.serving);
        *self.line.write() = Arc::new(line);
        self.tell();
    }

    /// The place of a number that waits: never larger than it was shown before.
    pub(super) fn position(&self, number: QueueNumber, now: DateTime<Utc>) -> u64 {
        let line = Arc::clone(&self.line.read());
        let progress = self.state.read().record.progress.clone();
        let by_number = u64::try_from(number - progress.serving).unwrap_or(1).max(1);
        // A line that still fills again knows too few of those ahead.
        let fills = progress.is_healing(now) && progress.healing.is_some_and(|healing| number <= healing.resumed_at);
        let position = if fills { by_number } else { line.position(number).min(by_number) };
        self.shown.clamp(number, position)
    }

    pub(super) fn ceiling(&self) -> QueueNumber {
        self.ceiling.load(Ordering::Relaxed)
    }

    pub(super) fn raise_ceiling(&self, ceiling: QueueNumber) {
        self.ceiling.fetch_max(ceiling, Ordering::Relaxed);
    }

    pub(super) fn epoch_news(&self) -> EpochNews {
        *self.epoch.lock()
    }

    pub(super) fn line_answered(&self, epoch: i64) {
        let mut news = self.epoch.lock();
        if news.epoch == epoch {
            news.answered = true;
        }
    }

    /// Where somebody stands who is there now: a line that was lost gets back whoever waits.
    pub(super) fn notice(&self, visitor: &VisitorId, number: QueueNumber, now: DateTime<Utc>) -> Standing {
        let state = self.state.read();
        let standing = state.standing(visitor, number, now);
        let progress = &state.record.progress;
        if let Some(healing) = progress.healing.filter(|healing| number <= healing.resumed_at)
            && standing == Standing::Waiting
            && self.seen.lock().is_first(progress.epoch, number, healing.resumed_at)
        {
            self.returning.lock().push((visitor.clone(), number));
        }
        standing
    }

    /// Those who are to be put back and still wait, at most `limit`; nothing when there are none left.
    pub(super) fn take_returning(&self, limit: usize, now: DateTime<Utc>) -> Option<Vec<(VisitorId, QueueNumber)>> {
        let mut returning = self.returning.lock();
        let from = returning.len().saturating_sub(limit);
        let taken = returning.split_off(from);
        drop(returning);
        let state = self.state.read();
        let waits =
            |(visitor, number): &(VisitorId, QueueNumber)| state.standing(visitor, *number, now) == Standing::Waiting;
        (!taken.is_empty()).then(|| taken.into_iter().filter(waits).collect())
    }

    /// Those who could not be put back are put back when they are seen again.
    pub(super) fn not_returned(&self, epoch: i64, visitors: &[(VisitorId, QueueNumber)]) {
        let mut seen = self.seen.lock();
        for (_, number) in visitors {
            seen.take_back(epoch, *number);
        }
    }

    /// Up to which number the line can forget, if that is more than it was told before.
    pub(super) fn to_forget(&self, now: DateTime<Utc>) -> Option<QueueNumber> {
        let number = self.state.read().forgettable(now, FORGET_MARGIN);
        (number > self.forgotten.load(Ordering::Relaxed)).then_some(number)
    }

    pub(super) fn has_forgotten(&self, number: QueueNumber) {
        self.forgotten.fetch_max(number, Ordering::Relaxed);
    }
}
