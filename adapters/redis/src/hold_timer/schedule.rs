use std::pin::pin;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::sleep;

use super::member::SHARDS;
use super::scripts::Rung;

/// What this process knows of when there is something to do in which shard.
///
/// A moment that was announced while Redis was being asked may be missing from its answer, so it is kept beside.
pub(super) struct Schedule {
    /// How long a shard is left alone at most.
    look: TimeDelta,
    /// How long what there is to do waits for more.
    gather: TimeDelta,
    shards: Mutex<[Shard; SHARDS]>,
    earlier: Notify,
}

#[derive(Clone, Copy)]
struct Shard {
    /// The next moment with something to do.
    next: Option<DateTime<Utc>>,
    /// The first moment that was heard of since it was asked last.
    heard: Option<DateTime<Utc>>,
    /// When to look again whatever is known.
    look_at: DateTime<Utc>,
    /// How often it was asked.
    asked: u64,
    fails: bool,
    known: usize,
    dead: usize,
}

/// A shard that should be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ask {
    pub(super) shard: usize,
    /// Whether it is time to look whether anything was lost.
    pub(super) look: bool,
    turn: u64,
}

impl Schedule {
    /// Nothing is known: every shard should be looked at, and from then on when there has been something to do for the
    /// time `gather`, or `look` is over.
    pub(super) fn new(look: Duration, gather: TimeDelta) -> Self {
        let unknown = Shard {
            next: None,
            heard: None,
            look_at: DateTime::<Utc>::MIN_UTC,
            asked: 0,
            fails: false,
            known: 0,
            dead: 0,
        };
        let look = TimeDelta::from_std(look.min(Duration::from_hours(24))).expect("a day is a time delta");
        Self { look, gather, shards: Mutex::new([unknown; SHARDS]), earlier: Notify::new() }
    }

    /// The shards to ask at `now`, up to `most`, those first that have waited longest; or else how long to wait.
    pub(super) fn due(&self, now: DateTime<Utc>, most: usize) -> Result<Vec<Ask>, Duration> {
        let mut shards = self.shards.lock();
        let mut due: Vec<_> = (0..SHARDS).filter(|shard| self.moment(&shards[*shard], now) <= now).collect();
        if due.is_empty() {
            let next = shards.iter().map(|shard| self.moment(shard, now)).min();
            return Err(next.map_or(Duration::ZERO, |next| (next - now).to_std().unwrap_or_default()));
        }
        due.sort_by_key(|shard| shards[*shard].next.unwrap_or(DateTime::<Utc>::MAX_UTC));
        due.truncate(most);
        Ok(due.into_iter().map(|shard| shards[shard].ask(shard, now, self.look)).collect())
    }

    /// When a shard should be asked.
    fn moment(&self, shard: &Shard, now: DateTime<Utc>) -> DateTime<Utc> {
        let look_at = shard.look_at(now, self.look);
        earliest(shard.next.map(|next| next + self.gather), Some(look_at)).unwrap_or(look_at)
    }

    /// What a shard answered. `jitter` spreads the looks of replicas. Says whether it failed before.
    pub(super) fn answered(&self, ask: Ask, rung: &Rung, now: DateTime<Utc>, jitter: u64) -> bool {
        let mut shards = self.shards.lock();
        let shard = &mut shards[ask.shard];
        let other = if ask.turn == shard.asked { shard.heard } else { shard.next };
        shard.next = earliest(rung.next, other);
        if ask.look {
            shard.look_at = now + spread(self.look, jitter);
        }
        (shard.known, shard.dead) = (rung.known, rung.dead);
        std::mem::take(&mut shard.fails)
    }

    /// A shard gave no answer: it is left alone for a while, and all others are looked at now. Says whether it answered
    /// before.
    pub(super) fn failed(&self, ask: Ask, now: DateTime<Utc>, jitter: u64) -> bool {
        let mut shards = self.shards.lock();
        let again = now + spread(self.look, jitter);
        for shard in shards.iter_mut().filter(|shard| !shard.fails) {
            shard.look_at = now;
        }
        let shard = &mut shards[ask.shard];
        (shard.next, shard.look_at) = (Some(again), again);
        !std::mem::replace(&mut shard.fails, true)
    }

    /// Whether no shard answers. Then all of them are asked at once the next time.
    pub(super) fn all_fail(&self) -> bool {
        let mut shards = self.shards.lock();
        let all = shards.iter().all(|shard| shard.fails);
        if all {
            shards.iter_mut().for_each(|shard| shard.look_at = DateTime::<Utc>::MIN_UTC);
        }
        all
    }

    /// An alarm of a shard is due at `moment`, and maybe at no earlier one.
    pub(super) fn hear(&self, shard: usize, moment: DateTime<Utc>) {
        let mut shards = self.shards.lock();
        let Some(shard) = shards.get_mut(shard) else { return };
        let is_earlier = shard.next.is_none_or(|next| moment < next);
        shard.next = earliest(shard.next, Some(moment));
        shard.heard = earliest(shard.heard, Some(moment));
        drop(shards);
        if is_earlier {
            self.wake();
        }
    }

    /// Something may have been missed: every shard is looked at now.
    pub(super) fn look_everywhere(&self) {
        self.shards.lock().iter_mut().for_each(|shard| shard.look_at = DateTime::<Utc>::MIN_UTC);
        self.wake();
    }

    /// Wakes everybody who waits: somebody who was there to ring has other things to do now.
    pub(super) fn wake(&self) {
        self.earlier.notify_waiters();
    }

    /// The shards to ask, as soon as there are any. `now` tells the time.
    pub(super) async fn wait(&self, now: impl Fn() -> DateTime<Utc>, most: usize) -> Vec<Ask> {
        loop {
            // Listening begins before looking, so that nothing that is heard in between is overslept.
            let mut earlier = pin!(self.earlier.notified());
            earlier.as_mut().enable();
            match self.due(now(), most) {
                Ok(asks) => return asks,
                Err(pause) => {
                    tokio::select! {
                        () = earlier => {}
                        () = sleep(pause) => {}
                    }
                }
            }
        }
    }

    /// How many alarms there were when the shards answered last, and how many of them are dead.
    pub(super) fn counts(&self) -> (usize, usize) {
        let shards = self.shards.lock();
        (shards.iter().map(|shard| shard.known).sum(), shards.iter().map(|shard| shard.dead).sum())
    }
}

impl Shard {
    /// When it should be looked at. A look that is far away was planned by a clock that has been set back since.
    fn look_at(&self, now: DateTime<Utc>, look: TimeDelta) -> DateTime<Utc> {
        if self.look_at > now + look * 2 { now } else { self.look_at }
    }

    fn ask(&mut self, shard: usize, now: DateTime<Utc>, look: TimeDelta) -> Ask {
        self.asked += 1;
        self.heard = None;
        Ask { shard, look: self.look_at(now, look) <= now, turn: self.asked }
    }
}

fn earliest(one: Option<DateTime<Utc>>, other: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    one.into_iter().chain(other).min()
}

/// Between three and five quarters of `look`.
fn spread(look: TimeDelta, jitter: u64) -> TimeDelta {
    let eighths = i32::try_from(jitter % 5).expect("a small number") + 6;
    look * eighths / 8
}

#[cfg(test)]
mod tests;
