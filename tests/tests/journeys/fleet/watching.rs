//! Somebody who follows what is free at one server while everything else happens.

use std::collections::BTreeSet;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::LIMIT;
use crate::support::{Api, Watcher};

/// Somebody who follows.
pub(super) struct Watching {
    expected: watch::Sender<Option<BTreeSet<u64>>>,
    following: JoinHandle<()>,
}

impl Watching {
    /// Opens the stream at a server.
    pub(super) async fn at(server: &Api, performance: &str) -> Self {
        let watcher = Watcher::new(server, performance).await;
        let (expected, end) = watch::channel(None);
        Self { expected, following: tokio::spawn(follow(watcher, end)) }
    }

    /// Returns when exactly these seats are free, by all that the stream has told.
    pub(super) async fn sees(self, free: &BTreeSet<u64>) {
        self.expected.send_replace(Some(free.clone()));
        timeout(LIMIT, self.following).await.expect("a stream tells everything in time").unwrap();
    }
}

async fn follow(mut watcher: Watcher, mut end: watch::Receiver<Option<BTreeSet<u64>>>) {
    while end.borrow().as_ref() != Some(watcher.free()) {
        tokio::select! {
            event = watcher.next() => drop(event.expect("the stream goes on")),
            changed = end.changed() => changed.unwrap(),
        }
    }
}
