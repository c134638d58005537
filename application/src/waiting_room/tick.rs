use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::{DateTime, Utc};
use metrics::{counter, histogram};
use onsale_domain::ids::WaitingRoomId;
use onsale_domain::waiting_room::{Phase, Tick, TickKind, TickPlan, TickRefusal};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};
use tracing::{debug, warn};

use super::{Lines, LiveRoom, OpenDraws, RoomBoard};
use crate::ports::{Context, PlacesError, Rooms, StepError, Unavailable};

/// How often rooms are looked for, and how long a room that has nothing to do rests at most.
const LOOK: Duration = Duration::from_secs(1);
/// How long a tick that was refused for another's sake rests at least.
const BREATH: Duration = Duration::from_millis(20);
/// How often a tick is planned anew because the line moved meanwhile.
const PLANS: usize = 4;

/// Lets visitors in as the schedules say, in every live room; any number of replicas may do so at once.
pub struct KeepTicking {
    board: Arc<RoomBoard>,
    lines: Arc<Lines>,
    rooms: Arc<dyn Rooms>,
    draws: Arc<OpenDraws>,
    context: Context,
}

/// Rooms whose schedules are kept.
type Kept = HashMap<WaitingRoomId, Keeping>;

/// A room, as the board knew it, and the two tasks that keep its schedule until this ends.
struct Keeping {
    room: Arc<LiveRoom>,
    tasks: [JoinHandle<()>; 2],
}

impl Keeping {
    /// Whether this very copy of the room is the board's, and both tasks go on. A room that the board has forgotten and read
    /// again is another copy: the old one hears of nothing any more.
    fn goes_on(&self, board: &RoomBoard) -> bool {
        let is_current = board.known(self.room.id()).is_some_and(|room| Arc::ptr_eq(&room, &self.room));
        is_current && !self.tasks.iter().any(JoinHandle::is_finished)
    }
}

impl Drop for Keeping {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl KeepTicking {
    /// On these ports.
    #[must_use]
    pub fn new(
        board: Arc<RoomBoard>,
        lines: Arc<Lines>,
        rooms: Arc<dyn Rooms>,
        draws: Arc<OpenDraws>,
        context: Context,
    ) -> Self {
        Self { board, lines, rooms, draws, context }
    }

    /// Keeps the schedules of every live room, for ever: a task for each, begun anew should one end.
    pub async fn run(self: Arc<Self>) {
        let mut kept = Kept::new();
        loop {
            kept.retain(|_, keeping| keeping.goes_on(&self.board));
            for room in self.board.all() {
                kept.entry(room.id()).or_insert_with(|| self.start(&room));
            }
            sleep(LOOK).await;
        }
    }

    fn start(self: &Arc<Self>, room: &Arc<LiveRoom>) -> Keeping {
        let (ticking, looking) = (Arc::clone(self), Arc::clone(self));
        let (ticked, looked_at) = (Arc::clone(room), Arc::clone(room));
        let tasks = [
            tokio::spawn(async move { ticking.keep(&ticked).await }),
            tokio::spawn(async move { looking.keep_looking(&looked_at).await }),
        ];
        Keeping { room: Arc::clone(room), tasks }
    }

    /// Keeps the schedule of one room.
    async fn keep(&self, room: &LiveRoom) {
        let mut news = room.news();
        loop {
            let rest = self.step(room).await;
            let until = Instant::now() + rest;
            tokio::select! {
                () = sleep_until(until) => {}
                () = room.arrived.notified(), if room.is_empty.load(Ordering::Relaxed) => {}
                changed = news.changed(), if room.phase() != Phase::Open => {
                    if changed.is_err() {
                        return;
                    }
                }
            }
        }
    }

    /// Copies the line of one room every second.
    async fn keep_looking(&self, room: &LiveRoom) {
        loop {
            match room.phase() {
                Phase::Open | Phase::Paused => {
                    if let Err(error) = self.lines.look(room).await {
                        warn!(waiting_room_id = %room.id(), %error, "the line could not be looked at");
                    }
                }
                Phase::Gathering | Phase::Drawing => {}
                Phase::Closed => {
                    if let Err(error) = self.lines.clear(room).await {
                        warn!(waiting_room_id = %room.id(), %error, "the line of a closed room was not removed");
                    }
                    sleep(LOOK * 60).await;
                }
            }
            sleep(LOOK).await;
        }
    }

    /// Does what is due in a room; how long to rest then.
    async fn step(&self, room: &LiveRoom) -> Duration {
        let record = room.record();
        let now = self.context.now();
        match record.room.phase {
            Phase::Gathering | Phase::Drawing => self.draw(room, now).await,
            Phase::Paused | Phase::Closed => LOOK,
            Phase::Open if now < record.progress.next_tick_at => until(now, record.progress.next_tick_at).min(LOOK),
            Phase::Open => self.tick_and_rest(room).await,
        }
    }

    async fn draw(&self, room: &LiveRoom, now: DateTime<Utc>) -> Duration {
        let opens_at = room.terms().opens_at.unwrap_or(now);
        if now < opens_at {
            return until(now, opens_at).min(LOOK);
        }
        if let Err(error) = self.draws.execute(room).await {
            warn!(waiting_room_id = %room.id(), %error, "the draw will be made again");
            return LOOK;
        }
        BREATH
    }

    async fn tick_and_rest(&self, room: &LiveRoom) -> Duration {
        let terms = room.terms();
        let due = room.record().progress.next_tick_at;
        let every = Duration::from_millis(terms.admit.every_ms.into());
        match self.tick(room, TickKind::Scheduled, terms.admit.count).await {
            Ok(tick) => {
                room.is_empty.store(false, Ordering::Relaxed);
                if !room.idle.swap(false, Ordering::Relaxed) {
                    histogram!("onsale_waiting_room_tick_delay_seconds").record(until(due, tick.at));
                }
                debug!(waiting_room_id = %room.id(), tick = tick.no, to = tick.to, present = tick.present, "let in");
                Duration::ZERO
            }
            Err(StepError::Refused(TickRefusal::NotDue { at })) => until(self.context.now(), at).max(BREATH).min(LOOK),
            Err(StepError::Refused(refusal @ (TickRefusal::NobodyWaits | TickRefusal::Full))) => {
                room.idle.store(true, Ordering::Relaxed);
                let is_empty = refusal == TickRefusal::NobodyWaits;
                room.is_empty.store(is_empty, Ordering::Relaxed);
                if is_empty { LOOK } else { every.min(LOOK) } // whoever enters an empty line wakes this
            }
            Err(StepError::Refused(_)) => BREATH,
            Err(error) => {
                warn!(waiting_room_id = %room.id(), %error, "nobody is let in; the line goes on when its stores are back");
                LOOK
            }
        }
    }

    /// Lets the next visitors in, at most `count`.
    ///
    /// # Errors
    /// [`StepError::Refused`] with a [`TickRefusal`].
    pub async fn tick(&self, room: &LiveRoom, kind: TickKind, count: u32) -> Result<Tick, StepError<TickRefusal>> {
        let mut allowed = count;
        for _ in 0..PLANS {
            let (line, serving, front) = self.lines.front(room, allowed).await.map_err(unavailable)?;
            let plan = TickPlan {
                kind,
                epoch: line.epoch,
                serving,
                count,
                to: front.to,
                present: front.present,
                last: front.last,
            };
            if kind == TickKind::Scheduled && front.present == 0 && room.is_idle(self.context.now()) {
                return Err(StepError::Refused(TickRefusal::NobodyWaits)); // as the store would say
            }
            let answer = self.rooms.tick(room.id(), plan).await;
            let read = self.board.refresh(room).await;
            match answer {
                Ok(tick) => {
                    counter!("onsale_waiting_room_let_in_total").increment(u64::try_from(tick.present).unwrap_or(0));
                    if let Err(error) = read {
                        warn!(waiting_room_id = %room.id(), %error, "a tick is read again within half a second");
                    }
                    return Ok(tick);
                }
                Err(StepError::Refused(TickRefusal::TooMany { count })) => allowed = count,
                Err(StepError::Refused(TickRefusal::Moved)) => {}
                refused => return refused,
            }
            read?;
        }
        Err(StepError::Refused(TickRefusal::Moved))
    }
}

fn unavailable(error: PlacesError) -> StepError<TickRefusal> {
    match error {
        PlacesError::Unavailable(error) => StepError::Unavailable(error),
        PlacesError::Busy => StepError::Busy,
        other => StepError::Unavailable(Unavailable::because(other)),
    }
}

fn until(now: DateTime<Utc>, moment: DateTime<Utc>) -> Duration {
    (moment - now).to_std().unwrap_or_default()
}
