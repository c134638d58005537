//! The waiting commands of every live lane, under one lock.
//!
//! The lock is held to push one command or to move one group out, never across an await or a caller's code (except
//! for the key's `Hash` and `Eq`).

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::time::Instant;

use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::LaneError;
use super::limits::LaneLimits;

/// A command on its way into a group.
pub(super) struct Waiting<C, O> {
    pub(super) command: C,
    pub(super) answer: oneshot::Sender<O>,
    pub(super) since: Instant,
}

/// What accepting a command calls for.
pub(super) struct Pushed {
    pub(super) opened_lane: bool,
    pub(super) wants_runner: bool,
}

/// What a runner does next.
pub(super) enum Next<C, O> {
    Settle(Vec<Waiting<C, O>>),
    Retire(Retired),
}

/// What was left when a runner retired.
pub(super) enum Retired {
    /// Other runners keep the lane alive.
    Runner,
    /// It was the lane's last runner, other lanes are live.
    Lane,
    /// It was the last runner of the last lane.
    LastLane,
}

pub(super) struct Queues<K, C, O> {
    limits: LaneLimits,
    state: Mutex<State<K, C, O>>,
}

struct State<K, C, O> {
    closed: bool,
    lanes: HashMap<K, Lane<C, O>>,
}

/// Lives exactly as long as it has runners.
struct Lane<C, O> {
    waiting: VecDeque<Waiting<C, O>>,
    runners: usize,
}

impl<K: Clone + Eq + Hash, C, O> Queues<K, C, O> {
    pub(super) fn new(limits: LaneLimits) -> Self {
        Self { limits, state: Mutex::new(State { closed: false, lanes: HashMap::new() }) }
    }

    /// Adds a command to the lane of `key`, which it opens if need be.
    ///
    /// Whoever is told that the lane wants a runner must start one: it is already counted.
    pub(super) fn push(&self, key: &K, waiting: Waiting<C, O>) -> Result<Pushed, LaneError> {
        let mut state = self.state.lock();
        if state.closed {
            return Err(LaneError::Closed);
        }
        if let Some(lane) = state.lanes.get_mut(key) {
            return lane.push(waiting, self.limits);
        }
        if state.lanes.len() >= self.limits.lanes {
            return Err(LaneError::Full);
        }
        state.lanes.insert(key.clone(), Lane { waiting: VecDeque::from([waiting]), runners: 1 });
        Ok(Pushed { opened_lane: true, wants_runner: true })
    }

    /// The next group of the lane of `key`; when nothing waits, the runner that asks is no longer counted.
    pub(super) fn next(&self, key: &K, group_limit: usize) -> Next<C, O> {
        let mut state = self.state.lock();
        match state.lanes.get_mut(key) {
            Some(lane) if !lane.waiting.is_empty() => {
                let size = lane.waiting.len().min(group_limit);
                Next::Settle(lane.waiting.drain(..size).collect())
            }
            _ => Next::Retire(state.retire(key).0),
        }
    }

    /// Takes back a runner that was stopped; commands that no other runner will settle are dropped, and with them
    /// their answers.
    pub(super) fn abandon(&self, key: &K) -> Retired {
        let (retired, unsettled) = self.state.lock().retire(key);
        drop(unsettled); // after the lock: a command may run any code when dropped
        retired
    }

    pub(super) fn close(&self) {
        self.state.lock().closed = true;
    }

    pub(super) fn live(&self) -> usize {
        self.state.lock().lanes.len()
    }
}

impl<C, O> Lane<C, O> {
    fn push(&mut self, waiting: Waiting<C, O>, limits: LaneLimits) -> Result<Pushed, LaneError> {
        if self.waiting.len() >= limits.queue {
            return Err(LaneError::Full);
        }
        self.waiting.push_back(waiting);
        let wants_runner = self.runners < limits.in_flight;
        self.runners += usize::from(wants_runner);
        Ok(Pushed { opened_lane: false, wants_runner })
    }
}

impl<K: Eq + Hash, C, O> State<K, C, O> {
    fn retire(&mut self, key: &K) -> (Retired, Option<Lane<C, O>>) {
        if let Some(lane) = self.lanes.get_mut(key)
            && lane.runners > 1
        {
            lane.runners -= 1;
            return (Retired::Runner, None);
        }
        let lane = self.lanes.remove(key);
        (if self.lanes.is_empty() { Retired::LastLane } else { Retired::Lane }, lane)
    }
}
