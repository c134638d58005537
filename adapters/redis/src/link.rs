//! The way to Redis: which node to ask, within what time, and what to do when it points elsewhere.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use redis::{Client, Cmd, ErrorKind, RedisError, ServerErrorKind, ToRedisArgs, Value};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use uuid::Uuid;

mod node;
mod redirection;
mod script;

pub(crate) use node::{Failure, Node};
pub(crate) use redirection::redirected;
pub(crate) use script::{Call, NOTHING, Script};

use crate::metrics::LinkMetrics;
use crate::server::Redis;

/// Redirections that are followed in a row: a Cluster that is being rearranged needs two.
pub(crate) const MOST_REDIRECTIONS: usize = 4;
/// Nodes that are remembered beside those in use.
const MOST_NODES: usize = 256;
/// Rooms, shards and the like whose node is remembered; it is found again by asking any node.
const MOST_ROUTES: usize = 16_384;

/// Why Redis gave no answer.
#[derive(Debug)]
pub(crate) enum LinkError {
    /// As many commands are under way as may. Nothing was done.
    Busy,
    /// It cannot be reached, gave no answer in time, or refused.
    Unavailable(String),
}

/// One server or a Cluster. Routes are learned from redirections, so that nobody has to say which of the two it is, and
/// nothing has to be read again when slots move.
pub(crate) struct Link {
    redis: Redis,
    seeds: Vec<Arc<Node>>,
    /// Which seed is asked by whoever has no route.
    turn: AtomicUsize,
    learned: Mutex<Learned>,
    permits: Semaphore,
    metrics: LinkMetrics,
}

#[derive(Default)]
struct Learned {
    nodes: HashMap<String, Arc<Node>>,
    routes: HashMap<Uuid, Arc<Node>>,
}

/// Where a command goes next, and how.
struct Step {
    node: Arc<Node>,
    asking: bool,
    command: Cmd,
    /// Whether it may go to Redis once more after a connection ended.
    again: bool,
}

impl Link {
    pub(crate) fn new(redis: Redis) -> Self {
        let metrics = LinkMetrics::new();
        let clients = redis.clients().iter().cloned();
        let seeds: Vec<_> = clients.map(|client| Arc::new(Node::new(client, metrics.clone()))).collect();
        let nodes = seeds.iter().map(|node| (node.address(), Arc::clone(node))).collect();
        Self {
            seeds,
            turn: AtomicUsize::new(0),
            learned: Mutex::new(Learned { nodes, routes: HashMap::new() }),
            permits: Semaphore::new(redis.settings().in_flight.min(Semaphore::MAX_PERMITS)),
            metrics,
            redis,
        }
    }

    /// Runs a script where the keys of its call are.
    pub(crate) async fn run<A: ToRedisArgs + Sync>(&self, call: &Call<'_, A>) -> Result<Value, LinkError> {
        let Ok(_permit) = self.permits.try_acquire() else {
            self.metrics.busy.increment(1);
            return Err(LinkError::Busy);
        };
        let started = Instant::now();
        let answer = self.follow(call, started + self.redis.timeout()).await;
        call.script.seconds.record(started.elapsed());
        answer.map_err(LinkError::Unavailable)
    }

    async fn follow<A: ToRedisArgs + Sync>(&self, call: &Call<'_, A>, deadline: Instant) -> Result<Value, String> {
        let mut step = self.first_step(call);
        let mut steps = self.seeds.len() + MOST_REDIRECTIONS;
        loop {
            let failure = match step.node.ask(&step.command, step.asking, deadline).await {
                Ok(value) => return Ok(value),
                Err(failure) => failure,
            };
            steps -= 1;
            let cause = failure.to_string();
            match self.next_step(call, step, failure) {
                Some(next) if steps > 0 && Instant::now() < deadline => step = next,
                _ => return Err(cause),
            }
        }
    }

    fn first_step<A: ToRedisArgs>(&self, call: &Call<'_, A>) -> Step {
        let route = self.learned.lock().routes.get(&call.tag).cloned();
        let node = route.unwrap_or_else(|| self.seed());
        Step { node, asking: false, command: call.by_digest(), again: call.script.repeatable }
    }

    /// Where to go after a failure; nothing when there is no sense in it.
    fn next_step<A: ToRedisArgs>(&self, call: &Call<'_, A>, step: Step, failure: Failure) -> Option<Step> {
        let error = match failure {
            Failure::Refused(error) => error,
            Failure::Unreachable(_) => return Some(self.elsewhere(call, step)),
            Failure::Ended(_) if step.again => return Some(Step { again: false, ..self.elsewhere(call, step) }),
            Failure::Ended(_) | Failure::Silent => {
                self.forget(call.tag);
                return None;
            }
        };
        let ErrorKind::Server(kind) = error.kind() else { return None };
        match kind {
            ServerErrorKind::NoScript => Some(Step { command: call.with_text(), ..step }),
            ServerErrorKind::Moved => {
                let node = self.learn(&error, &step.node)?;
                self.remember(call.tag, &node);
                Some(Step { node, asking: false, ..step })
            }
            ServerErrorKind::Ask => Some(Step { node: self.learn(&error, &step.node)?, asking: true, ..step }),
            _ => {
                self.forget(call.tag);
                None
            }
        }
    }

    /// Back to the seeds, the next of them when it was one that failed.
    fn elsewhere<A: ToRedisArgs>(&self, call: &Call<'_, A>, step: Step) -> Step {
        self.forget(call.tag);
        let turn = self.turn.load(Ordering::Relaxed);
        if Arc::ptr_eq(self.seed_at(turn), &step.node) {
            // Of all who find the same seed away, one moves on: a second one would pass over the next seed.
            self.turn.compare_exchange(turn, turn.wrapping_add(1), Ordering::Relaxed, Ordering::Relaxed).ok();
        }
        Step { node: self.seed(), asking: false, ..step }
    }

    fn seed(&self) -> Arc<Node> {
        Arc::clone(self.seed_at(self.turn.load(Ordering::Relaxed)))
    }

    fn seed_at(&self, turn: usize) -> &Arc<Node> {
        &self.seeds[turn % self.seeds.len()]
    }

    /// The node that a redirection names.
    fn learn(&self, error: &RedisError, asked: &Node) -> Option<Arc<Node>> {
        let target = redirected(error, asked.info())?;
        let mut learned = self.learned.lock();
        if let Some(node) = learned.nodes.get(&target.addr().to_string()) {
            return Some(Arc::clone(node));
        }
        if learned.nodes.len() >= MOST_NODES {
            learned.nodes.retain(|_, node| Arc::strong_count(node) > 1);
        }
        let client = Client::open(target).ok()?;
        let node = Arc::new(Node::new(client, self.metrics.clone()));
        learned.nodes.insert(node.address(), Arc::clone(&node));
        Some(node)
    }

    fn remember(&self, tag: Uuid, node: &Arc<Node>) {
        let mut learned = self.learned.lock();
        if learned.routes.len() >= MOST_ROUTES {
            learned.routes.clear();
        }
        learned.routes.insert(tag, Arc::clone(node));
    }

    /// Forgets where the keys of a tag are.
    pub(crate) fn forget(&self, tag: Uuid) {
        self.learned.lock().routes.remove(&tag);
    }
}
