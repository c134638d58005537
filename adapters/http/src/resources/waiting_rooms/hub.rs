//! Rooms whose places are followed: one task for each watches the room, and rings those who should hear of something.
//!
//! Thousands of streams wait for news of one room. To wake each of them with everything that happens would cost more
//! than telling them, so the hub looks at every place itself, which takes a few hundred nanoseconds, and rings only
//! where something has changed. What a stream then tells it makes out on its own, on any thread.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use onsale_application::ports::{Context, QueueClaims};
use onsale_application::waiting_room::{Glance, LiveRoom, ReadStatus};
use onsale_domain::ids::WaitingRoomId;
use onsale_support::supervise::Supervisor;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use crate::sse::HEARTBEAT_EVERY;

const RETRY_MS: u64 = 1_000;
const RETRY_SPREAD_MS: u64 = 4_000;

/// Followers are looked at in turns: each every two seconds for what is not urgent, spread over that time.
const TURNS: usize = 8;
/// Between two turns.
const TURN_EVERY: Duration = Duration::from_millis(250);
/// Between two turns of one follower.
const ROUND: Duration = Duration::from_secs(2);
/// How long nothing is told after something was, unless it is urgent: a round, less what a turn may be early.
const QUIET: Duration = Duration::from_millis(1_750);
/// After a look at everybody, so that a busy room does not keep its hub looking.
const REST: Duration = Duration::from_millis(25);
/// Until which place every step forward is told; further back a hundredth of the way.
const NEAR: u64 = 1_000;

/// Says whether a stream has something to tell: where the visitor is, or that it is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ring {
    /// Look at the place and tell it.
    Look,
    /// Give a sign of life.
    Beat,
}

const LOOK: u8 = 1;
const BEAT: u8 = 2;

/// What one stream and its hub share.
pub(crate) struct Bell {
    claims: QueueClaims,
    told: Mutex<Told>,
    wanted: AtomicU8,
    rung: Notify,
}

/// What a stream told last.
#[derive(Clone, Copy)]
struct Told {
    glance: Option<Glance>,
    at: Instant,
}

impl Bell {
    fn new(claims: QueueClaims) -> Self {
        let told = Mutex::new(Told { glance: None, at: Instant::now() });
        Self { claims, told, wanted: AtomicU8::new(0), rung: Notify::new() }
    }

    /// Waits until it is rung.
    pub(crate) async fn rung(&self) -> Ring {
        loop {
            match self.wanted.swap(0, Ordering::AcqRel) {
                0 => self.rung.notified().await,
                BEAT => return Ring::Beat,
                _ => return Ring::Look,
            }
        }
    }

    /// Notes what the stream tells now; nothing for a sign of life.
    pub(crate) fn tells(&self, glance: Option<Glance>) {
        let mut told = self.told.lock();
        *told = Told { glance: glance.or(told.glance), at: Instant::now() };
    }

    /// Whether this is what the stream told last.
    pub(crate) fn has_told(&self, glance: &Glance) -> bool {
        self.told().glance.as_ref() == Some(glance)
    }

    fn ring(&self, what: u8) {
        self.wanted.fetch_or(what, Ordering::AcqRel);
        self.rung.notify_one();
    }

    fn told(&self) -> Told {
        *self.told.lock()
    }
}

/// Whether somebody who was told `before` must hear of `now` at once.
fn is_urgent(before: Option<&Glance>, now: &Glance) -> bool {
    before.is_some_and(|before| before.state != now.state)
}

/// Whether somebody who was told `before` should hear of `now` in turn.
fn is_news(before: Option<&Glance>, now: &Glance) -> bool {
    let Some(before) = before else { return true };
    if before.state != now.state || before.phase != now.phase {
        return true;
    }
    match (before.position, now.position) {
        (Some(before), Some(now)) => before.saturating_sub(now) >= step(now),
        (before, now) => before != now,
    }
}

/// How far somebody at `position` must have come to be told.
fn step(position: u64) -> u64 {
    if position <= NEAR { 1 } else { position / 100 }
}

/// A followed room.
struct Hub {
    room: Arc<LiveRoom>,
    place: Arc<ReadStatus>,
    next: AtomicU64,
    turns: [Mutex<HashMap<u64, Arc<Bell>>>; TURNS],
}

impl Hub {
    fn new(room: Arc<LiveRoom>, place: Arc<ReadStatus>) -> Self {
        Self { room, place, next: AtomicU64::new(0), turns: Default::default() }
    }

    fn turn_of(&self, number: u64) -> &Mutex<HashMap<u64, Arc<Bell>>> {
        &self.turns[usize::try_from(number % TURNS as u64).unwrap_or_default()]
    }

    fn join(self: &Arc<Self>, claims: QueueClaims) -> Following {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let bell = Arc::new(Bell::new(claims));
        self.turn_of(number).lock().insert(number, Arc::clone(&bell));
        Following { hub: Arc::clone(self), number, bell }
    }

    fn is_left(&self) -> bool {
        self.turns.iter().all(|turn| turn.lock().is_empty())
    }

    /// Rings whoever must hear of something at once.
    async fn look_at_all(&self) {
        for turn in &self.turns {
            for bell in turn.lock().values() {
                let glance = self.place.glance(&self.room, &bell.claims);
                if glance.is_some_and(|glance| is_urgent(bell.told().glance.as_ref(), &glance)) {
                    bell.ring(LOOK);
                }
            }
            yield_now().await; // looking at thousands takes milliseconds
        }
    }

    /// Rings whoever should hear of something, among those whose turn it is. A token from before the draw is exchanged in
    /// turn, so that the stores are not asked for everybody at once.
    fn look_in_turn(&self, turn: usize) {
        for bell in self.turns[turn].lock().values() {
            let (glance, told) = (self.place.glance(&self.room, &bell.claims), bell.told());
            let quiet = told.at.elapsed();
            let is_due = told.glance.is_none() || quiet >= QUIET;
            if is_due && glance.is_none_or(|glance| is_news(told.glance.as_ref(), &glance)) {
                bell.ring(LOOK);
            } else if quiet + ROUND > HEARTBEAT_EVERY {
                bell.ring(BEAT); // the next turn would be too late
            }
        }
    }
}

/// A stream among those of its room, until it is dropped.
pub(crate) struct Following {
    hub: Arc<Hub>,
    number: u64,
    pub(crate) bell: Arc<Bell>,
}

/// After which time a browser should open a stream again that ended early, in milliseconds: spread, so that a server that
/// starts again does not meet everybody at once.
pub(crate) fn retry_ms(context: &Context) -> u64 {
    RETRY_MS + context.random() % RETRY_SPREAD_MS
}

/// How far a stream about a place has come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Nothing was told yet.
    Begins,
    /// The place may still change.
    GoesOn,
    /// The last word was said.
    Over,
}

impl Following {
    /// When to look or to give a sign of life next; nothing once the last word was said or the claims have expired.
    pub(crate) async fn rung(&self, stage: Stage, context: &Context) -> Option<Ring> {
        let ring = match stage {
            Stage::Begins => Ring::Look,
            Stage::GoesOn => self.bell.rung().await,
            Stage::Over => return None,
        };
        (context.now() < self.claims().expires_at).then_some(ring)
    }

    /// The room.
    pub(crate) fn room(&self) -> &Arc<LiveRoom> {
        &self.hub.room
    }

    /// What the token or ticket states.
    pub(crate) fn claims(&self) -> &QueueClaims {
        &self.bell.claims
    }

    /// The same stream with another place.
    pub(crate) fn with(&self, claims: QueueClaims) -> Self {
        self.hub.join(claims)
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.hub.turn_of(self.number).lock().remove(&self.number);
    }
}

/// The rooms whose places are followed.
#[derive(Clone)]
pub(crate) struct Hubs {
    place: Arc<ReadStatus>,
    supervisor: Arc<Supervisor>,
    by_room: Arc<Mutex<HashMap<WaitingRoomId, Arc<Hub>>>>,
}

impl Hubs {
    pub(crate) fn new(place: Arc<ReadStatus>, supervisor: Arc<Supervisor>) -> Self {
        Self { place, supervisor, by_room: Arc::default() }
    }

    /// Follows a place in `room` from now on.
    pub(crate) fn follow(&self, room: &Arc<LiveRoom>, claims: QueueClaims) -> Following {
        let mut by_room = self.by_room.lock();
        if let Some(hub) = by_room.get(&room.id()) {
            return hub.join(claims);
        }
        let hub = Arc::new(Hub::new(Arc::clone(room), Arc::clone(&self.place)));
        let following = hub.join(claims);
        by_room.insert(room.id(), Arc::clone(&hub));
        let hubs = self.clone();
        self.supervisor
            .run("waiting_room_streams", move |shutdown| keep_looking(Arc::clone(&hub), hubs.clone(), shutdown));
        following
    }

    /// Whether no room is followed.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.by_room.lock().is_empty()
    }

    /// Forgets a room that nobody follows any more; false when somebody does.
    fn forget(&self, hub: &Hub) -> bool {
        let mut by_room = self.by_room.lock(); // whoever joins holds it too
        let is_left = hub.is_left();
        if is_left {
            by_room.remove(&hub.room.id());
        }
        is_left
    }
}

/// Looks at the places of a room until nobody follows them any more.
async fn keep_looking(hub: Arc<Hub>, hubs: Hubs, shutdown: CancellationToken) -> Result<(), Infallible> {
    let mut news = hub.room.news();
    news.mark_changed(); // something may have happened since the first follower looked
    let mut turns = interval(TURN_EVERY);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut turn = 0;
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return Ok(()),
            Ok(()) = news.changed() => {
                hub.look_at_all().await;
                sleep(REST).await;
            }
            _ = turns.tick() => {
                hub.look_in_turn(turn);
                turn = (turn + 1) % TURNS;
                if turn == 0 && hubs.forget(&hub) {
                    return Ok(());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use onsale_application::waiting_room::PlaceState;
    use onsale_domain::waiting_room::Phase;

    use super::*;

    fn at(position: u64) -> Glance {
        Glance { state: PlaceState::Waiting, phase: Phase::Open, position: Some(position) }
    }

    #[test]
    fn every_step_is_told_near_the_front_and_a_hundredth_of_the_way_further_back() {
        let moved = |before, now| is_news(Some(&at(before)), &at(now));
        assert!(moved(1_000, 999) && moved(2, 1));
        assert!(!moved(5, 5));
        assert!(!moved(50_000, 49_600) && moved(50_000, 49_500));
        assert!(!moved(1_000_000, 990_200) && moved(1_000_000, 990_000));
    }

    #[test]
    fn whoever_is_let_in_hears_it_at_once_and_of_a_pause_in_turn() {
        let admitted = Glance { state: PlaceState::Admitted, phase: Phase::Open, position: None };
        assert!(is_urgent(Some(&at(3)), &admitted));
        assert!(!is_urgent(Some(&at(3)), &at(2)));
        let paused = Glance { phase: Phase::Paused, ..at(3) };
        assert!(!is_urgent(Some(&at(3)), &paused) && is_news(Some(&at(3)), &paused));
        assert!(is_news(None, &at(3)), "nothing was told yet");
    }
}
