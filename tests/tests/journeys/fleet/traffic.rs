//! What the clients share: where the servers are, and how a question gets its answer.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::{random_range, random_ratio};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

use super::{LIMIT, PAUSE};
use crate::support::{Answer, Api, id, new_key};

/// How long a client waits for one answer before it asks elsewhere.
const PATIENCE: Duration = Duration::from_secs(2);
/// What a server answers that cannot decide now.
const LATER: [&str; 4] = ["busy", "unavailable", "request_timeout", "idempotency_in_progress"];

/// Where each server is; nothing while it is dead.
pub(super) struct Doors(Mutex<Vec<Option<String>>>);

impl Doors {
    pub(super) fn of(first: &str) -> Self {
        Self(Mutex::new(vec![Some(first.to_owned())]))
    }

    pub(super) fn open(&self, address: &str) {
        self.0.lock().unwrap().push(Some(address.to_owned()));
    }

    pub(super) fn close(&self, number: usize) {
        self.0.lock().unwrap()[number] = None;
    }

    pub(super) fn reopen(&self, number: usize, address: &str) {
        self.0.lock().unwrap()[number] = Some(address.to_owned());
    }

    /// One of the servers that live, drawn.
    fn any(&self) -> (usize, String) {
        let doors = self.0.lock().unwrap();
        let open: Vec<_> = (0..).zip(doors.iter()).filter_map(|(number, door)| Some((number, door.clone()?))).collect();
        open[random_range(0..open.len())].clone()
    }

    fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

/// What the clients share.
pub(super) struct Traffic {
    pub(super) performance: String,
    doors: Arc<Doors>,
    /// How often each server has done what it was asked.
    done: Vec<AtomicUsize>,
    something_done: Notify,
    over: AtomicBool,
}

impl Traffic {
    pub(super) fn new(performance: String, doors: Arc<Doors>) -> Self {
        let done = (0..doors.count()).map(|_| AtomicUsize::new(0)).collect();
        Self { performance, doors, done, something_done: Notify::new(), over: AtomicBool::new(false) }
    }

    pub(super) fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Returns when the servers together have done so much more.
    pub(super) async fn wait_for(&self, more: usize) {
        let all = || self.done.iter().map(|done| done.load(Ordering::Relaxed)).sum::<usize>();
        let enough = all() + more;
        self.wait_until(|| all() >= enough).await;
    }

    /// Returns when each of these servers has done so much more.
    pub(super) async fn wait_for_each(&self, servers: &[usize], more: usize) {
        let done = |server: usize| self.done[server].load(Ordering::Relaxed);
        let enough: Vec<_> = servers.iter().map(|server| (*server, done(*server) + more)).collect();
        self.wait_until(|| enough.iter().all(|(server, enough)| done(*server) >= *enough)).await;
    }

    async fn wait_until(&self, is_enough: impl Fn() -> bool) {
        let waiting = async {
            while !is_enough() {
                self.something_done.notified().await;
            }
        };
        timeout(LIMIT, waiting).await.unwrap_or_else(|_| panic!("too little is done in time: {:?}", self.done));
    }

    /// Asks one server after another until one decides; says whether it was the first.
    pub(super) async fn decided(&self, api: &Api, ask: impl Fn(&Api) -> RequestBuilder) -> Decided {
        let limit = Instant::now() + LIMIT;
        let mut at_once = true;
        loop {
            let (server, address) = self.doors.any();
            let asked = ask(&api.at(&address));
            if let Ok(Ok(answer)) = timeout(PATIENCE, Answer::try_of(asked)).await
                && !is_later(&answer)
            {
                if answer.status == 201 {
                    self.done[server].fetch_add(1, Ordering::Relaxed);
                    self.something_done.notify_one();
                }
                return Decided { server, answer, at_once };
            }
            at_once = false;
            assert!(Instant::now() < limit, "nobody decides");
            sleep(PAUSE).await;
        }
    }

    /// Asks under one name until a server decides. Asked once more, every server answers the same.
    pub(super) async fn named(&self, api: &Api, path: &str, order: &Value) -> Decided {
        let key = new_key();
        let ask = |api: &Api| api.request(Method::POST, path).header("Idempotency-Key", &key).json(order);
        let decided = self.decided(api, ask).await;
        if decided.answer.status == 201 && random_ratio(1, 8) {
            let again = self.decided(api, ask).await.answer;
            assert!(again.is_replayed(), "{path}: {again:?}");
            assert_eq!(again.ok(201), decided.answer.ok(201));
        }
        decided
    }
}

/// An answer that decides.
pub(super) struct Decided {
    /// Whose it is.
    pub(super) server: usize,
    pub(super) answer: Answer,
    /// Whether nobody was asked before in vain: somebody who was may still do it.
    pub(super) at_once: bool,
}

/// Whether it says nothing but "later", in one of the ways that are allowed.
fn is_later(answer: &Answer) -> bool {
    if !matches!(answer.status, 409 | 503) {
        return false;
    }
    let code = id(&answer.json(), "code");
    answer.refused(&code);
    let later = LATER.contains(&&*code);
    assert!(later || answer.status == 409, "{answer:?}");
    later
}
