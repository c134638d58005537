//! Every test steps the lanes by events: a gate holds each group until the test lets it go.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::poll;
use tokio::sync::{mpsc, oneshot};
use tokio::task::yield_now;

use super::*;

type Answer = Pin<Box<dyn Future<Output = Result<u32, LaneError>> + Send>>;

const LIMITS: LaneLimits = LaneLimits { group: 64, in_flight: 1, queue: 1_000, lanes: 10 };

/// Shows each group to the test and waits for its word; every outcome is the command times ten.
struct Gate {
    groups: mpsc::UnboundedSender<Gated>,
}

struct Gated {
    key: char,
    commands: Vec<u32>,
    open: oneshot::Sender<()>,
}

impl Settle<char> for Gate {
    type Command = u32;
    type Outcome = u32;

    async fn settle(&self, key: &char, group: Vec<u32>) -> Vec<u32> {
        let (open, opened) = oneshot::channel();
        self.groups.send(Gated { key: *key, commands: group.clone(), open }).expect("the test watches");
        opened.await.expect("the gate panics when the test drops it");
        group.into_iter().map(|command| command * 10).collect()
    }
}

fn gated(limits: LaneLimits) -> (Lanes<char, Gate>, mpsc::UnboundedReceiver<Gated>) {
    let (groups, watched) = mpsc::unbounded_channel();
    (Lanes::new("test", limits, Gate { groups }), watched)
}

/// Submits without waiting for the outcome.
async fn submit(lanes: &Lanes<char, Gate>, key: char, command: u32) -> Answer {
    let lanes = lanes.clone();
    let mut answer: Answer = Box::pin(async move { lanes.submit(key, command).await });
    assert!(poll!(answer.as_mut()).is_pending(), "command {command} is not answered before it is settled");
    answer
}

async fn submit_all(lanes: &Lanes<char, Gate>, key: char, commands: impl IntoIterator<Item = u32>) -> Vec<Answer> {
    let mut answers = Vec::new();
    for command in commands {
        answers.push(submit(lanes, key, command).await);
    }
    answers
}

async fn next(groups: &mut mpsc::UnboundedReceiver<Gated>) -> Gated {
    groups.recv().await.expect("a group is settled")
}

impl Gated {
    fn open(self) -> Vec<u32> {
        self.open.send(()).expect("the lane waits at the gate");
        self.commands
    }
}

#[tokio::test]
async fn commands_that_arrive_while_a_group_runs_form_the_next_one_in_order() {
    let (lanes, mut groups) = gated(LIMITS);
    let first = submit(&lanes, 'a', 0).await;
    let running = next(&mut groups).await;
    let rest = submit_all(&lanes, 'a', 1..=100).await;

    assert_eq!(running.open(), [0]);
    assert_eq!(next(&mut groups).await.open(), (1..=64).collect::<Vec<_>>());
    assert_eq!(next(&mut groups).await.open(), (65..=100).collect::<Vec<_>>());

    assert_eq!(first.await, Ok(0));
    let outcomes: Vec<_> = join_all(rest).await;
    assert_eq!(outcomes, (1..=100).map(|command| Ok(command * 10)).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_full_lane_answers_at_once_and_leaves_other_lanes_alone() {
    let (lanes, mut groups) = gated(LaneLimits { queue: 2, ..LIMITS });
    let first = submit(&lanes, 'h', 0).await;
    let running = next(&mut groups).await;
    let waiting = submit_all(&lanes, 'h', [1, 2]).await;

    assert_eq!(lanes.submit('h', 3).await, Err(LaneError::Full));
    let other = submit(&lanes, 'c', 4).await;
    assert_eq!(next(&mut groups).await.open(), [4]);
    assert_eq!(other.await, Ok(40), "a lane is answered while a hot one is full and busy");

    running.open();
    next(&mut groups).await.open();
    assert_eq!(first.await, Ok(0));
    assert_eq!(join_all(waiting).await, [Ok(10), Ok(20)]);
}

#[tokio::test]
async fn lanes_are_limited_in_number_and_free_their_place_when_idle() {
    let (lanes, mut groups) = gated(LaneLimits { lanes: 1, ..LIMITS });
    let first = submit(&lanes, 'a', 1).await;
    let running = next(&mut groups).await;
    assert_eq!(lanes.submit('b', 2).await, Err(LaneError::Full));

    running.open();
    assert_eq!(first.await, Ok(10));
    while lanes.live() > 0 {
        yield_now().await;
    }
    let second = submit(&lanes, 'b', 3).await;
    next(&mut groups).await.open();
    assert_eq!(second.await, Ok(30));
}

#[tokio::test]
async fn a_panic_fails_its_group_alone() {
    let (lanes, mut groups) = gated(LIMITS);
    let first = submit(&lanes, 'a', 1).await;
    let running = next(&mut groups).await;
    let second = submit(&lanes, 'a', 2).await;

    drop(running); // makes the gate panic
    assert_eq!(first.await, Err(LaneError::Failed));
    next(&mut groups).await.open();
    assert_eq!(second.await, Ok(20));
}

#[tokio::test]
async fn a_caller_that_goes_away_does_not_cancel_the_group() {
    let (lanes, mut groups) = gated(LIMITS);
    let gone_while_running = submit(&lanes, 'a', 1).await;
    let running = next(&mut groups).await;
    let gone_while_waiting = submit(&lanes, 'a', 2).await;
    let stays = submit(&lanes, 'a', 3).await;

    drop((gone_while_running, gone_while_waiting));
    running.open();
    assert_eq!(next(&mut groups).await.open(), [2, 3]);
    assert_eq!(stays.await, Ok(30));
}

#[tokio::test]
async fn draining_answers_what_was_accepted_and_refuses_the_rest() {
    let (lanes, mut groups) = gated(LIMITS);
    let first = submit(&lanes, 'a', 1).await;
    let running = next(&mut groups).await;
    let second = submit(&lanes, 'a', 2).await;
    let other = submit(&lanes, 'b', 3).await;

    let mut drained = Box::pin(lanes.drain());
    assert!(poll!(drained.as_mut()).is_pending());
    assert_eq!(lanes.submit('a', 4).await, Err(LaneError::Closed));
    assert_eq!(lanes.submit('n', 5).await, Err(LaneError::Closed));

    assert_eq!(next(&mut groups).await.open(), [3]);
    assert_eq!(other.await, Ok(30));
    assert!(poll!(drained.as_mut()).is_pending());
    running.open();
    assert_eq!(next(&mut groups).await.open(), [2]);
    drained.await;
    assert_eq!((first.await, second.await), (Ok(10), Ok(20)));
    lanes.drain().await;
}

#[tokio::test]
async fn groups_of_one_settle_side_by_side_up_to_the_limit() {
    let (lanes, mut groups) = gated(LaneLimits { group: 1, in_flight: 3, ..LIMITS });
    let answers = submit_all(&lanes, 'a', 1..=5).await;
    let running = [next(&mut groups).await, next(&mut groups).await, next(&mut groups).await];
    assert!(groups.try_recv().is_err(), "three are in flight, not four");

    for group in running {
        group.open();
    }
    next(&mut groups).await.open();
    next(&mut groups).await.open();
    assert_eq!(join_all(answers).await, [Ok(10), Ok(20), Ok(30), Ok(40), Ok(50)]);
    lanes.drain().await;
}

#[tokio::test]
async fn every_lane_has_its_own_key() {
    let (lanes, mut groups) = gated(LIMITS);
    let _answers = (submit(&lanes, 'a', 1).await, submit(&lanes, 'b', 2).await);
    let (one, two) = (next(&mut groups).await, next(&mut groups).await);
    let mut seen = [(one.key, one.commands), (two.key, two.commands)];
    seen.sort();
    assert_eq!(seen, [('a', vec![1]), ('b', vec![2])]);
}

/// Forgets the last outcome of each group.
struct Forgetful;

impl Settle<u8> for Forgetful {
    type Command = u32;
    type Outcome = u32;

    async fn settle(&self, _key: &u8, mut group: Vec<u32>) -> Vec<u32> {
        group.pop();
        group
    }
}

#[tokio::test]
async fn a_wrong_number_of_outcomes_answers_nobody_wrongly() {
    let lanes = Lanes::new("forgetful", LIMITS, Forgetful);
    let outcomes = join_all((0..3).map(|command| lanes.submit(0, command))).await;
    assert_eq!(outcomes, [Err(LaneError::Failed); 3]);
}

/// Adds up what it settles; yields now and then so that groups end at every possible moment.
struct Sum {
    settled: Arc<AtomicUsize>,
}

impl Settle<usize> for Sum {
    type Command = usize;
    type Outcome = usize;

    async fn settle(&self, key: &usize, group: Vec<usize>) -> Vec<usize> {
        if group.len() % 3 == key % 3 {
            yield_now().await;
        }
        self.settled.fetch_add(group.len(), Ordering::Relaxed);
        group
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_command_is_lost_while_lanes_start_and_retire() {
    const CALLERS: usize = 64;
    const COMMANDS: usize = 500;
    let settled = Arc::new(AtomicUsize::new(0));
    for in_flight in [1, 8] {
        settled.store(0, Ordering::Relaxed);
        let limits = LaneLimits { group: 4, in_flight, queue: CALLERS, lanes: 16 };
        let lanes = Lanes::new("storm", limits, Sum { settled: Arc::clone(&settled) });
        let callers = (0..CALLERS).map(|caller| {
            let lanes = lanes.clone();
            tokio::spawn(async move {
                for command in 0..COMMANDS {
                    assert_eq!(lanes.submit((caller + command) % 16, command).await, Ok(command));
                }
            })
        });
        for caller in join_all(callers).await {
            caller.expect("every command is answered with its own outcome");
        }
        lanes.drain().await;
        assert_eq!(settled.load(Ordering::Relaxed), CALLERS * COMMANDS);
        assert_eq!(lanes.live(), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_storm_that_is_drained_midway_answers_or_refuses_every_command() {
    let settled = Arc::new(AtomicUsize::new(0));
    let limits = LaneLimits { group: 4, queue: 100_000, ..LIMITS };
    let lanes = Lanes::new("drained storm", limits, Sum { settled: Arc::clone(&settled) });
    let callers: Vec<_> = (0..64)
        .map(|caller: usize| {
            let lanes = lanes.clone();
            tokio::spawn(async move {
                let mut answered = 0;
                while lanes.submit(caller % 4, answered).await.is_ok() {
                    answered += 1;
                }
                answered
            })
        })
        .collect();
    while settled.load(Ordering::Relaxed) < 10_000 {
        yield_now().await;
    }
    lanes.drain().await;
    let settled = settled.load(Ordering::Relaxed);
    let answered: usize = join_all(callers).await.into_iter().map(|caller| caller.expect("ended by Closed")).sum();
    assert_eq!(answered, settled, "what was settled was answered, and drain waited for it");
}

#[test]
fn the_end_of_the_runtime_leaves_no_caller_waiting() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().expect("a runtime");
    let (lanes, mut groups) = gated(LIMITS);
    let (running, waiting) = runtime.block_on(async {
        let running = submit(&lanes, 'a', 1).await;
        let gate = next(&mut groups).await;
        let waiting = submit(&lanes, 'a', 2).await;
        std::mem::forget(gate); // stays shut
        (running, waiting)
    });
    runtime.shutdown_timeout(Duration::from_secs(10));
    let outcomes = futures_util::FutureExt::now_or_never(join_all([running, waiting]));
    assert_eq!(outcomes, Some(vec![Err(LaneError::Failed); 2]));
    assert_eq!(lanes.live(), 0);
}

#[test]
fn cuts_are_descending_powers_of_two_that_cover_everything_once() {
    let sizes = |len| powers_of_two(len).map(|cut| cut.len()).collect::<Vec<_>>();
    assert!(sizes(0).is_empty());
    assert_eq!(sizes(1), [1]);
    assert_eq!(sizes(256), [256]);
    assert_eq!(sizes(700), [256, 256, 128, 32, 16, 8, 4]);
    for len in 0..2_000 {
        let cuts: Vec<_> = powers_of_two(len).collect();
        assert_eq!(cuts.iter().flat_map(Clone::clone).collect::<Vec<_>>(), (0..len).collect::<Vec<_>>());
        assert!(cuts.iter().all(|cut| cut.len().is_power_of_two() && cut.len() <= LARGEST_CUT));
        assert!(cuts.is_sorted_by(|one, next| one.len() >= next.len()));
    }
}
