use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

use super::{Phase, QueueNumber, WaitingRoom};

/// How far a room has come. It changes under the room's lock only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// No number above it was ever handed out; it is raised before numbers are.
    pub ceiling: QueueNumber,
    /// The highest number that the schedule has let in.
    pub serving: QueueNumber,
    /// The last tick.
    pub tick: i64,
    /// The schedule lets nobody in before this moment.
    pub next_tick_at: DateTime<Utc>,
    /// Visitors inside: let in, and neither ended nor expired nor unclaimed for too long.
    pub alive: i64,
    /// Rises whenever the line was lost and is made anew from the tokens of those who stand in it.
    pub epoch: i64,
    /// Whether the line may still miss visitors who have not come back since it was lost.
    pub healing: Option<Healing>,
    /// Rises with every change of the room, its ticks, visits and blocks.
    pub change: i64,
}

/// A line that was lost and fills again from tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Healing {
    /// Until then every number counts as present, so that nobody is passed over.
    pub until: DateTime<Utc>,
    /// Numbers above were handed out after the loss, so the line has them.
    pub resumed_at: QueueNumber,
}

/// Who decided that a tick lets somebody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TickKind {
    /// The schedule.
    Scheduled,
    /// An operator or tenant, as many as there are from the front.
    ByHand,
    /// An operator or tenant, chosen visitors: it has no range of numbers.
    Picked,
}

/// One letting-in: a range of numbers at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tick {
    /// 1, 2, 3 … within its room.
    pub no: i64,
    /// Who decided it.
    pub kind: TickKind,
    /// The first number let in; 0 for [`TickKind::Picked`].
    pub from: QueueNumber,
    /// The last number let in; 0 for [`TickKind::Picked`].
    pub to: QueueNumber,
    /// When.
    pub at: DateTime<Utc>,
    /// Until when its passes must be used for the first time.
    pub claim_until: DateTime<Utc>,
    /// Until when its passes are good.
    pub expires_at: DateTime<Utc>,
    /// Visitors that it counts as inside.
    pub present: i64,
    /// Of these, how many have used their pass.
    pub claimed: i64,
    /// Of those who have used it, how many have ended.
    pub ended: i64,
    /// How many ended without ever using it.
    pub ended_unclaimed: i64,
    /// Whether those who never used their pass are counted out.
    pub settled: bool,
    /// Whether everybody is counted out.
    pub expired: bool,
}

/// What the line says about a tick that is to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TickPlan {
    /// Who decides it: the schedule or a hand.
    pub kind: TickKind,
    /// The epoch of the line that was read.
    pub epoch: i64,
    /// The highest number that was let in when the line was read.
    pub serving: QueueNumber,
    /// How many visitors to let in at most: a tick's count, or what a hand asks for.
    pub count: u32,
    /// The number of the last of `present` visitors from the front.
    pub to: QueueNumber,
    /// Visitors in line up to `to`; at most what was asked for.
    pub present: i64,
    /// The highest number handed out.
    pub last: QueueNumber,
}

/// Why nobody was let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TickRefusal {
    /// The room is not open.
    #[error("the room is not open")]
    NotOpen,
    /// Somebody else ticked meanwhile, or the line was lost: read it again.
    #[error("the line has moved")]
    Moved,
    /// The schedule says later.
    #[error("the next tick is due at {at}")]
    NotDue {
        /// When.
        at: DateTime<Utc>,
    },
    /// As many are inside as may be.
    #[error("the room is full")]
    Full,
    /// Nobody is in line.
    #[error("nobody waits")]
    NobodyWaits,
    /// Fewer may come in than the plan says.
    #[error("only {count} may be let in")]
    TooMany {
        /// How many.
        count: u32,
    },
}

/// Why chosen visitors were not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PickRefusal {
    /// The room is closed or has no numbers yet.
    #[error("the room is not open")]
    NotOpen,
}

impl Progress {
    /// A room in which nothing has happened.
    #[must_use]
    pub const fn new(now: DateTime<Utc>) -> Self {
        Self { ceiling: 0, serving: 0, tick: 0, next_tick_at: now, alive: 0, epoch: 0, healing: None, change: 1 }
    }

    /// Whether every number counts as present at `now`.
    #[must_use]
    pub fn is_healing(&self, now: DateTime<Utc>) -> bool {
        self.healing.is_some_and(|healing| now < healing.until)
    }

    /// How many of `count` may come in.
    fn allowance(&self, room: &WaitingRoom, count: u32) -> i64 {
        i64::from(count).min(i64::from(room.capacity) - self.alive).max(0)
    }
}

impl Tick {
    /// Whether `number` is one of those it let in.
    #[must_use]
    pub const fn covers(&self, number: QueueNumber) -> bool {
        self.to > 0 && self.from <= number && number <= self.to
    }

    /// Visitors who have not used their pass and still may.
    #[must_use]
    pub const fn unclaimed(&self) -> i64 {
        if self.settled { 0 } else { self.present - self.claimed - self.ended_unclaimed }
    }

    /// Visitors of this tick that are inside.
    #[must_use]
    pub const fn alive(&self) -> i64 {
        if self.expired { 0 } else { self.claimed - self.ended + self.unclaimed() }
    }
}

/// Counts out those whose time has passed; says which ticks changed. It comes before every other decision.
pub fn settle<'a>(
    progress: &mut Progress,
    ticks: impl IntoIterator<Item = &'a mut Tick>,
    now: DateTime<Utc>,
) -> Vec<i64> {
    let mut changed = Vec::new();
    for tick in ticks {
        let before = tick.alive();
        let due = (!tick.settled && tick.claim_until <= now, !tick.expired && tick.expires_at <= now);
        tick.settled |= due.0;
        tick.expired |= due.1;
        if due.0 || due.1 {
            progress.alive -= before - tick.alive();
            changed.push(tick.no);
        }
    }
    changed
}

/// Lets the next visitors in as `plan` says: the tick, with `progress` moved on.
///
/// # Errors
/// [`TickRefusal`]; nothing has changed then.
pub fn decide_tick(
    progress: &mut Progress,
    room: &WaitingRoom,
    plan: &TickPlan,
    now: DateTime<Utc>,
) -> Result<Tick, TickRefusal> {
    if room.phase != Phase::Open && !(plan.kind == TickKind::ByHand && room.phase == Phase::Paused) {
        return Err(TickRefusal::NotOpen);
    }
    if plan.epoch != progress.epoch || plan.serving != progress.serving || plan.last > progress.ceiling {
        return Err(TickRefusal::Moved);
    }
    if plan.kind == TickKind::Scheduled && now < progress.next_tick_at {
        return Err(TickRefusal::NotDue { at: progress.next_tick_at });
    }
    let allowance = progress.allowance(room, plan.count);
    let (to, present) = range(progress, plan, allowance, now)?;
    let tick = started(progress, room, plan.kind, now);
    let tick = Tick { from: progress.serving + 1, to, present, ..tick };
    progress.serving = to;
    progress.alive += present;
    if plan.kind == TickKind::Scheduled {
        progress.next_tick_at = now + TimeDelta::milliseconds(room.admit.every_ms.into());
    }
    Ok(tick)
}

/// Up to which number, and how many that counts as.
fn range(
    progress: &Progress,
    plan: &TickPlan,
    allowance: i64,
    now: DateTime<Utc>,
) -> Result<(QueueNumber, i64), TickRefusal> {
    let healing = progress.healing.filter(|healing| now < healing.until);
    // Numbers up to where counting resumed may belong to somebody who has not come back yet.
    if let Some(healing) = healing.filter(|healing| progress.serving < healing.resumed_at) {
        if allowance == 0 {
            return Err(TickRefusal::Full);
        }
        let to = (progress.serving + allowance).min(healing.resumed_at);
        return Ok((to, to - progress.serving));
    }
    if plan.present == 0 || plan.to <= progress.serving {
        return Err(TickRefusal::NobodyWaits);
    }
    if allowance == 0 {
        return Err(TickRefusal::Full);
    }
    if plan.present > allowance {
        return Err(TickRefusal::TooMany { count: u32::try_from(allowance).unwrap_or(u32::MAX) });
    }
    Ok((plan.to, plan.present))
}

/// Lets `count` chosen visitors in, beside the schedule and as many as there is room for: the tick, whose `present` says
/// how many.
///
/// # Errors
/// [`PickRefusal`].
pub fn decide_pick(
    progress: &mut Progress,
    room: &WaitingRoom,
    count: u32,
    now: DateTime<Utc>,
) -> Result<Tick, PickRefusal> {
    if !room.phase.has_line() {
        return Err(PickRefusal::NotOpen);
    }
    let present = progress.allowance(room, count);
    let tick = started(progress, room, TickKind::Picked, now);
    progress.alive += present;
    Ok(Tick { present, ..tick })
}

fn started(progress: &mut Progress, room: &WaitingRoom, kind: TickKind, now: DateTime<Utc>) -> Tick {
    progress.tick += 1;
    Tick {
        no: progress.tick,
        kind,
        from: 0,
        to: 0,
        at: now,
        claim_until: now + TimeDelta::seconds(room.claim_seconds.into()),
        expires_at: now + TimeDelta::seconds(room.pass_seconds.into()),
        present: 0,
        claimed: 0,
        ended: 0,
        ended_unclaimed: 0,
        settled: false,
        expired: false,
    }
}
