use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use onsale_domain::ids::PerformanceId;
use parking_lot::{Mutex, RwLock};
use thiserror::Error;
use tokio::sync::Notify;

use super::AvailabilitySnapshot;
use super::image::{Image, Layout};
use crate::ports::{BoxOffice, Bus, BusMessage, CatalogueReader, Context, SeatDelta, Unavailable};

/// No answer is older than this when it is asked for.
pub const MAXIMUM_AGE: TimeDelta = TimeDelta::milliseconds(100);
/// How long a renewal waits for announcements of changes that SQL shows already, before it reads the seats anew.
const CATCH_UP: Duration = Duration::from_millis(20);
/// The most announcements kept while an image is being read; beyond it the reading was abandoned.
const ANNOUNCED_LIMIT: usize = 4_096;
/// From this age on the next reader has the snapshot renewed, while others still get it.
const RENEW_AGE: TimeDelta = TimeDelta::milliseconds(40);

/// How much the board may keep.
#[derive(Clone, Copy, Debug)]
pub struct BoardLimits {
    /// Seats in all images together, eight bytes each, and moments at which tickets' holds end; every image counts as one
    /// more. The least recently read one goes first.
    pub seats: usize,
}

impl Default for BoardLimits {
    /// Four million seats: 32 MB, or eighty performances of 50,000.
    fn default() -> Self {
        Self { seats: 4_000_000 }
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AvailabilityError {
    /// There is no such performance.
    #[error("there is no such performance")]
    UnknownPerformance,
    /// A store failed.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Keeps an image of every performance that somebody looks at.
pub struct AvailabilityBoard {
    catalogue: Arc<dyn CatalogueReader>,
    box_office: Arc<dyn BoxOffice>,
    bus: Arc<dyn Bus>,
    context: Context,
    limits: BoardLimits,
    entries: Mutex<HashMap<PerformanceId, Arc<Entry>>>,
}

/// One performance on the board.
#[derive(Default)]
struct Entry {
    published: RwLock<Option<Arc<AvailabilitySnapshot>>>,
    image: Mutex<Slot>,
    /// Rung when an announcement was followed.
    followed: Notify,
    /// Held by the one reader that renews.
    renewing: tokio::sync::Mutex<()>,
    renewals: Mutex<Renewals>,
    read_at: Mutex<DateTime<Utc>>,
}

type Answer = Result<Arc<AvailabilitySnapshot>, AvailabilityError>;

/// Renewals are counted, so that whoever waits for one can tell whether it began after they came. Without that, every
/// reader of a store slower than [`RENEW_AGE`] would renew again, one after the other.
#[derive(Default)]
struct Renewals {
    begun: u64,
    /// The number of the last one that was finished, and what it came to.
    finished: Option<(u64, Answer)>,
}

impl Renewals {
    fn begin(&mut self) -> u64 {
        self.begun += 1;
        self.begun
    }

    /// What a renewal later than number `begun` came to.
    fn later_than(&self, begun: u64) -> Option<Answer> {
        self.finished.as_ref().filter(|(number, _)| *number > begun).map(|(_, answer)| answer.clone())
    }
}

/// An image, and what was announced while it is being read.
#[derive(Default)]
struct Slot {
    image: Option<Image>,
    announced: Option<Vec<Arc<SeatDelta>>>,
}

impl Slot {
    fn follow(&mut self, delta: &Arc<SeatDelta>) {
        if let Some(announced) = &mut self.announced {
            announced.push(delta.clone());
            if announced.len() > ANNOUNCED_LIMIT {
                *self = Self::default();
            }
        } else if self.image.as_mut().is_some_and(|image| !image.follow(delta)) {
            self.image = None;
        }
    }

    /// Puts a freshly read image in place, brought up to date with what was announced meanwhile.
    fn finish(&mut self, mut image: Image) {
        let announced = self.announced.take().unwrap_or_default();
        let complete = announced.iter().all(|delta| image.follow(delta));
        self.image = complete.then_some(image);
    }
}

impl Entry {
    /// What the image shows at `now`, if it shows `version` or a later one.
    fn shown(&self, epoch: i64, version: i64, now: DateTime<Utc>) -> Option<AvailabilitySnapshot> {
        let slot = self.image.lock();
        slot.image.as_ref().filter(|image| image.is_at_least(epoch, version)).map(|image| image.snapshot(now))
    }

    /// The epoch and version of the image, if there is one.
    fn known_version(&self) -> Option<(i64, i64)> {
        self.image.lock().image.as_ref().map(Image::version)
    }

    /// Like [`Entry::shown`], but lets announcements that are under way arrive.
    async fn shown_soon(&self, epoch: i64, version: i64, now: DateTime<Utc>) -> Option<AvailabilitySnapshot> {
        let arrival = async {
            loop {
                let followed = self.followed.notified();
                if let Some(shown) = self.shown(epoch, version, now) {
                    return Some(shown);
                }
                self.image.lock().image.as_ref()?;
                followed.await;
            }
        };
        tokio::time::timeout(CATCH_UP, arrival).await.ok().flatten()
    }

    /// The published snapshot unless it is older than `age` at `now`.
    fn published_within(&self, age: TimeDelta, now: DateTime<Utc>) -> Option<Arc<AvailabilitySnapshot>> {
        self.published.read().as_ref().filter(|snapshot| (now - snapshot.at).abs() < age).cloned()
    }
}

impl AvailabilityBoard {
    /// On these ports; [`AvailabilityBoard::follow`] must run beside it.
    #[must_use]
    pub fn new(
        catalogue: Arc<dyn CatalogueReader>,
        box_office: Arc<dyn BoxOffice>,
        bus: Arc<dyn Bus>,
        limits: BoardLimits,
        context: Context,
    ) -> Self {
        Self { catalogue, box_office, bus, context, limits, entries: Mutex::default() }
    }

    /// What is free: at the time of the call, or at most [`MAXIMUM_AGE`] before it.
    ///
    /// # Errors
    /// [`AvailabilityError`].
    pub async fn snapshot(&self, performance: PerformanceId) -> Result<Arc<AvailabilitySnapshot>, AvailabilityError> {
        let entry = self.entry(performance).await?;
        let now = self.context.now();
        if let Some(snapshot) = entry.published_within(RENEW_AGE, now) {
            return Ok(snapshot);
        }
        let _renewing = if let Ok(renewing) = entry.renewing.try_lock() {
            renewing
        } else {
            if let Some(snapshot) = entry.published_within(MAXIMUM_AGE, now) {
                return Ok(snapshot);
            }
            let begun = entry.renewals.lock().begun;
            let renewing = entry.renewing.lock().await;
            if let Some(answer) = entry.renewals.lock().later_than(begun) {
                return answer;
            }
            renewing
        };
        if let Some(snapshot) = entry.published_within(RENEW_AGE, self.context.now()) {
            return Ok(snapshot);
        }
        let number = entry.renewals.lock().begin();
        let answer = self.renew(performance, &entry).await;
        entry.renewals.lock().finished = Some((number, answer.clone()));
        answer
    }

    /// Whether nothing is left, as far as an image in memory knows; nothing for performances nobody looks at.
    #[must_use]
    pub fn known_sold_out(&self, performance: PerformanceId) -> Option<bool> {
        let entry = self.entries.lock().get(&performance).cloned()?;
        entry.published.read().as_ref().map(|snapshot| snapshot.sold_out())
    }

    /// Follows the announcements of changes for ever.
    pub async fn follow(&self) {
        let mut receiver = self.bus.subscribe();
        loop {
            match receiver.next().await {
                Some(BusMessage::Seats(delta)) => self.apply(&delta),
                Some(BusMessage::Catalogue { .. } | BusMessage::Room { .. } | BusMessage::Campaign { .. }) => {}
                None => self.forget_images(),
            }
        }
    }

    fn apply(&self, delta: &Arc<SeatDelta>) {
        let Some(entry) = self.entries.lock().get(&delta.performance).cloned() else { return };
        entry.image.lock().follow(delta);
        entry.followed.notify_waiters();
    }

    fn forget_images(&self) {
        let entries: Vec<_> = self.entries.lock().values().cloned().collect();
        for entry in entries {
            entry.image.lock().image = None;
        }
    }

    async fn entry(&self, performance: PerformanceId) -> Result<Arc<Entry>, AvailabilityError> {
        let known = self.entries.lock().get(&performance).cloned();
        let entry = if let Some(entry) = known {
            entry
        } else {
            let exists = self.catalogue.performance(performance).await?.value.is_some();
            if !exists {
                return Err(AvailabilityError::UnknownPerformance);
            }
            self.entries.lock().entry(performance).or_default().clone()
        };
        *entry.read_at.lock() = self.context.now();
        Ok(entry)
    }

    /// Compares the image with the version row, reads it anew when it differs, and publishes what it shows.
    async fn renew(&self, performance: PerformanceId, entry: &Entry) -> Answer {
        let now = self.context.now();
        let known = entry.known_version();
        let (epoch, version) =
            self.box_office.seat_version(performance).await?.ok_or(AvailabilityError::UnknownPerformance)?;
        if known.is_some_and(|known| known.0 == epoch && known.1 > version) {
            // Committed before the row was read, and not in it: the database went back to an earlier moment.
            entry.image.lock().image = None;
        }
        let snapshot = match entry.shown_soon(epoch, version, now).await {
            Some(snapshot) => Arc::new(snapshot),
            None => Arc::new(self.reload(performance, entry).await?),
        };
        *entry.published.write() = Some(snapshot.clone());
        Ok(snapshot)
    }

    async fn reload(
        &self,
        performance: PerformanceId,
        entry: &Entry,
    ) -> Result<AvailabilitySnapshot, AvailabilityError> {
        let known = entry.image.lock().image.as_ref().map(|image| image.layout().clone());
        let layout = match known {
            Some(layout) => layout,
            None => self.layout(performance).await?,
        };
        self.make_room(performance, layout.seats() + 1);
        let now = self.context.now();
        entry.image.lock().announced = Some(Vec::new());
        let map = self.box_office.seat_map(performance).await;
        let mut slot = entry.image.lock();
        let Some(map) = map.inspect_err(|_| slot.announced = None)? else {
            slot.announced = None;
            return Err(AvailabilityError::UnknownPerformance);
        };
        let image = Image::new(layout, &map);
        let snapshot = image.snapshot(now);
        slot.finish(image);
        Ok(snapshot)
    }

    async fn layout(&self, performance: PerformanceId) -> Result<Layout, AvailabilityError> {
        let known = self.catalogue.performance(performance).await?.value;
        let known = known.ok_or(AvailabilityError::UnknownPerformance)?;
        let plan = match known.seating_plan {
            Some(id) => self.catalogue.seating_plan(id).await?,
            None => None,
        };
        Ok(Layout::new(&known, plan.as_deref()))
    }

    /// Drops the least recently read images until `wanted` more seats fit.
    fn make_room(&self, performance: PerformanceId, wanted: usize) {
        let mut entries = self.entries.lock();
        let seats = |entry: &Entry| entry.image.lock().image.as_ref().map_or(0, Image::weight);
        let mut kept: usize = entries.iter().filter(|(id, _)| **id != performance).map(|(_, entry)| seats(entry)).sum();
        while kept + wanted > self.limits.seats {
            let others = entries.iter().filter(|(id, _)| **id != performance);
            let Some((oldest, freed)) =
                others.min_by_key(|(_, entry)| *entry.read_at.lock()).map(|(id, entry)| (*id, seats(entry)))
            else {
                return;
            };
            entries.remove(&oldest);
            kept -= freed;
        }
    }
}
