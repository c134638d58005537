//! Watched performances: one task looks at each five times a second and tells everybody who follows it.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use onsale_application::availability::{AvailabilityBoard, AvailabilityError, AvailabilitySnapshot};
use onsale_domain::ids::PerformanceId;
use onsale_support::supervise::Supervisor;
use parking_lot::Mutex;
use tokio::sync::broadcast;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, interval_at};
use tokio_util::sync::CancellationToken;

use super::events;
use crate::sse::{HEARTBEAT, HEARTBEAT_EVERY};

/// Between two looks: followers get at most five changes a second.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// News that wait for a slow follower, three seconds of them; one that is further behind gets a new snapshot instead.
const BEHIND_LIMIT: usize = 24;
/// After how many looks followers of a guarded concert see whether they may go on.
const LOOKS_TO_CHECK: u32 = 2;

/// What followers hear.
#[derive(Clone)]
pub(crate) enum News {
    /// Something to tell.
    Event(Bytes),
    /// See whether you may go on: visits end at any moment.
    Check,
}

/// Whether a concert has a waiting room.
pub(crate) type IsGuarded = Arc<dyn Fn() -> bool + Send + Sync>;

/// The performances that somebody follows.
#[derive(Clone)]
pub(crate) struct Watch {
    board: Arc<AvailabilityBoard>,
    supervisor: Arc<Supervisor>,
    hubs: Arc<Hubs>,
}

#[derive(Default)]
struct Hubs(Mutex<HashMap<PerformanceId, Hub>>);

/// A followed performance.
struct Hub {
    /// What the followers have been told so far.
    told: Arc<AvailabilitySnapshot>,
    /// The same as an event, once somebody needed it.
    first: Option<Bytes>,
    news: broadcast::Sender<News>,
}

/// What a follower begins with, and what comes after it.
pub(crate) struct Following {
    pub(crate) first: Bytes,
    pub(crate) news: broadcast::Receiver<News>,
}

impl Watch {
    pub(crate) fn new(board: Arc<AvailabilityBoard>, supervisor: Arc<Supervisor>) -> Self {
        Self { board, supervisor, hubs: Arc::default() }
    }

    /// Follows a performance from now on, whose concert may have a waiting room or get one.
    ///
    /// # Errors
    /// [`AvailabilityError`].
    pub(crate) async fn follow(
        &self,
        performance: PerformanceId,
        is_guarded: IsGuarded,
    ) -> Result<Following, AvailabilityError> {
        let snapshot = self.board.snapshot(performance).await?;
        let (following, is_first) = self.hubs.join(snapshot);
        if is_first {
            let (board, hubs) = (Arc::clone(&self.board), Arc::clone(&self.hubs));
            self.supervisor.run("availability_watch", move |shutdown| {
                let watched = Watched { performance, is_guarded: Arc::clone(&is_guarded) };
                keep_telling(watched, Arc::clone(&board), Arc::clone(&hubs), shutdown)
            });
        }
        Ok(following)
    }

    /// Follows a performance anew, for a follower who fell behind and has not left yet.
    pub(crate) fn rejoin(&self, performance: PerformanceId) -> Option<Following> {
        self.hubs.0.lock().get_mut(&performance).map(Hub::following)
    }
}

impl Hubs {
    /// Joins those who follow a performance; true for the first one.
    fn join(&self, snapshot: Arc<AvailabilitySnapshot>) -> (Following, bool) {
        let mut hubs = self.0.lock();
        let mut is_first = false;
        let hub = hubs.entry(snapshot.performance).or_insert_with(|| {
            is_first = true;
            Hub { told: snapshot, first: None, news: broadcast::Sender::new(BEHIND_LIMIT) }
        });
        (hub.following(), is_first)
    }

    /// Lets `tell` speak to those who follow a performance; false when the last of them has left.
    fn tell(&self, performance: PerformanceId, tell: impl FnOnce(&mut Hub)) -> bool {
        let mut hubs = self.0.lock();
        let Some(hub) = hubs.get_mut(&performance) else { return false };
        if hub.news.receiver_count() == 0 {
            hubs.remove(&performance);
            return false;
        }
        tell(hub);
        true
    }

    /// Ends all streams of a performance.
    fn close(&self, performance: PerformanceId) {
        self.0.lock().remove(&performance);
    }
}

impl Hub {
    fn following(&mut self) -> Following {
        let first = self.first.get_or_insert_with(|| events::snapshot(&self.told)).clone();
        Following { first, news: self.news.subscribe() }
    }

    fn advance(&mut self, snapshot: Arc<AvailabilitySnapshot>) {
        if let Some(change) = events::change(&self.told, &snapshot) {
            self.say(News::Event(change));
            self.first = None;
        }
        self.told = snapshot;
    }

    fn say(&self, news: News) {
        // Fails only when the last follower has just left, which the next look notices.
        let _ = self.news.send(news);
    }
}

/// What a task watches.
struct Watched {
    performance: PerformanceId,
    is_guarded: IsGuarded,
}

/// Looks at a performance until nobody follows it any more.
async fn keep_telling(
    Watched { performance, is_guarded }: Watched,
    board: Arc<AvailabilityBoard>,
    hubs: Arc<Hubs>,
    shutdown: CancellationToken,
) -> Result<(), Infallible> {
    let mut looks = interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut heartbeats = interval_at(Instant::now() + HEARTBEAT_EVERY, HEARTBEAT_EVERY);
    let mut failing = false;
    let mut looked = 0_u32;
    loop {
        let look = async {
            looks.tick().await;
            board.snapshot(performance).await
        };
        let snapshot = beating(look, &mut heartbeats, || hubs.tell(performance, |hub| hub.say(News::Event(HEARTBEAT))));
        let Some(snapshot) = shutdown.run_until_cancelled(snapshot).await else { return Ok(()) };
        let goes_on = match snapshot {
            Ok(snapshot) => {
                failing = false;
                hubs.tell(performance, |hub| hub.advance(snapshot))
            }
            Err(AvailabilityError::UnknownPerformance) => {
                hubs.close(performance);
                false
            }
            Err(AvailabilityError::Unavailable(error)) => {
                if !failing {
                    tracing::warn!(%performance, %error, "followers hear of no changes until the store is back");
                }
                failing = true;
                hubs.tell(performance, |_| {})
            }
        };
        if !goes_on {
            return Ok(());
        }
        looked = looked.wrapping_add(1);
        if looked.is_multiple_of(LOOKS_TO_CHECK) && is_guarded() {
            hubs.tell(performance, |hub| hub.say(News::Check));
        }
    }
}

/// Waits for `look`, however long it takes, and gives a sign of life at every beat.
async fn beating<T>(look: impl Future<Output = T>, heartbeats: &mut Interval, beat: impl Fn() -> bool) -> T {
    let mut look = std::pin::pin!(look);
    loop {
        tokio::select! {
            looked = look.as_mut() => return looked,
            _ = heartbeats.tick() => {
                beat();
            }
        }
    }
}
