use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use onsale_domain::ids::{ConcertId, WaitingRoomId};
use onsale_domain::waiting_room::Phase;
use parking_lot::RwLock;
use tokio::time::{MissedTickBehavior, interval};
use tracing::warn;

use super::LiveRoom;
use super::silence::StoreSilence;
use crate::ports::{Bus, BusMessage, Context, RoomChanges, Rooms, Unavailable};

/// The limits of a board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoardSettings {
    /// How often SQL is asked what has changed; a lost announcement costs no more than this.
    pub look: Duration,
    /// Rooms that are read ahead at most; others are read when somebody asks for them. Those in front of a concert are
    /// always read ahead, so that nobody passes one that is not known.
    pub rooms: usize,
}

impl Default for BoardSettings {
    /// Half a second, so that an ending is known everywhere within a second; ten thousand rooms.
    fn default() -> Self {
        Self { look: Duration::from_millis(500), rooms: 10_000 }
    }
}

/// Every live room as this process knows it.
pub struct RoomBoard {
    rooms: Arc<dyn Rooms>,
    bus: Arc<dyn Bus>,
    context: Context,
    settings: BoardSettings,
    known: RwLock<HashMap<WaitingRoomId, Arc<LiveRoom>>>,
    guards: RwLock<HashMap<ConcertId, WaitingRoomId>>,
    /// How often a concert got or lost its room.
    guard_changes: AtomicU64,
    complete: AtomicBool,
    silence: Arc<StoreSilence>,
}

impl RoomBoard {
    /// A board on these ports.
    #[must_use]
    pub fn new(rooms: Arc<dyn Rooms>, bus: Arc<dyn Bus>, context: Context, settings: BoardSettings) -> Self {
        let silence = Arc::new(StoreSilence::none(context.now()));
        Self {
            silence,
            rooms,
            bus,
            context,
            settings,
            known: RwLock::default(),
            guards: RwLock::default(),
            guard_changes: AtomicU64::new(0),
            complete: AtomicBool::new(false),
        }
    }

    /// A room, read now when it is not known yet.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn room(&self, id: WaitingRoomId) -> Result<Option<Arc<LiveRoom>>, Unavailable> {
        match self.known(id) {
            Some(room) => Ok(Some(room)),
            None => self.load(id).await,
        }
    }

    /// Every room that is known.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<LiveRoom>> {
        self.known.read().values().cloned().collect()
    }

    /// The room in front of a concert, unless it is closed.
    ///
    /// # Errors
    /// [`Unavailable`] until the board has read every room in front of a concert once: nobody may pass a room that is not
    /// known yet.
    pub fn guarding(&self, concert: ConcertId) -> Result<Option<Arc<LiveRoom>>, Unavailable> {
        if !self.complete.load(Ordering::Acquire) {
            return Err(Unavailable::because("the waiting rooms have not been read yet"));
        }
        let guard = self.guards.read().get(&concert).copied();
        let missing = || Unavailable::because("the concert's waiting room is being read");
        guard.map(|id| self.known(id).ok_or_else(missing)).transpose()
    }

    /// Rises whenever a concert gets or loses its room, so that what was made of [`Self::guarding`] can be kept until
    /// then.
    #[must_use]
    pub fn guard_changes(&self) -> u64 {
        self.guard_changes.load(Ordering::Acquire)
    }

    /// Follows announcements and looks into SQL now and then, for ever.
    pub async fn follow(&self) {
        let mut announcements = self.bus.subscribe();
        let mut looks = interval(self.settings.look);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                message = announcements.next() => match message {
                    Some(BusMessage::Room { room, change }) => self.hear(room, change).await,
                    Some(_) => {}
                    None => self.look_and_warn().await,
                },
                _ = looks.tick() => self.look_and_warn().await,
            }
        }
    }

    /// Reads every live room that has changed.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn look(&self) -> Result<(), Unavailable> {
        let before: HashSet<_> = self.known.read().keys().copied().collect();
        let mut live = self.rooms.live().await?;
        self.silence.broken(self.context.now());
        live.sort_by_key(|headline| !headline.guards);
        for headline in &live {
            match self.known(headline.room) {
                Some(room) if room.change() >= headline.change => {}
                Some(room) => self.refresh(&room).await?,
                None if headline.guards || self.known.read().len() < self.settings.rooms => {
                    self.load(headline.room).await?;
                }
                None => {}
            }
        }
        if live.len() > self.settings.rooms {
            warn!(rooms = live.len(), limit = self.settings.rooms, "there are more live rooms than are read ahead");
        }
        let alive: HashSet<_> = live.into_iter().map(|headline| headline.room).collect();
        // A room that was made meanwhile is in neither list, and stays.
        self.known.write().retain(|id, _| alive.contains(id) || !before.contains(id));
        self.forget_guards();
        if !self.complete.swap(true, Ordering::AcqRel) {
            self.guard_changes.fetch_add(1, Ordering::AcqRel);
        }
        Ok(())
    }

    /// Reads what has changed in a room.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn refresh(&self, room: &LiveRoom) -> Result<(), Unavailable> {
        let asked = room.reads_begun.load(Ordering::Acquire);
        let mut last_read = room.reading.lock().await;
        if *last_read > asked {
            return Ok(()); // somebody has begun to read it after this was asked, and has finished
        }
        let number = room.reads_begun.fetch_add(1, Ordering::AcqRel) + 1;
        if let Some(changes) = self.changes(room.id(), room.change()).await? {
            room.apply(changes, self.context.now());
            self.note_guard(room);
        }
        *last_read = number;
        Ok(())
    }

    /// A room, if it is known already.
    #[must_use]
    pub fn known(&self, id: WaitingRoomId) -> Option<Arc<LiveRoom>> {
        self.known.read().get(&id).cloned()
    }

    async fn load(&self, id: WaitingRoomId) -> Result<Option<Arc<LiveRoom>>, Unavailable> {
        let Some(changes) = self.changes(id, 0).await? else { return Ok(None) };
        let room = Arc::new(LiveRoom::new(id, changes, self.context.now(), Arc::clone(&self.silence)));
        let room = self.known.write().entry(id).or_insert(room).clone();
        self.note_guard(&room);
        Ok(Some(room))
    }

    async fn changes(&self, room: WaitingRoomId, change: i64) -> Result<Option<RoomChanges>, Unavailable> {
        let changes = self.rooms.changes(room, change).await?;
        self.silence.broken(self.context.now()); // a look at many rooms may take long
        Ok(changes)
    }

    /// Keeps which room is in front of which concert.
    fn note_guard(&self, room: &LiveRoom) {
        let terms = room.terms();
        let Some(concert) = terms.concert else { return };
        let is_closed = terms.phase == Phase::Closed;
        let is_noted = |guard: Option<&WaitingRoomId>| (guard == Some(&room.id())) != is_closed;
        if is_noted(self.guards.read().get(&concert)) {
            return;
        }
        let mut guards = self.guards.write();
        if is_noted(guards.get(&concert)) {
            return; // somebody else was faster
        }
        // Another room may have been made for the concert, and an older copy of this one been read after it.
        match if is_closed { self.open_before(concert) } else { Some(room.id()) } {
            Some(guard) => guards.insert(concert, guard),
            None => guards.remove(&concert),
        };
        drop(guards);
        self.guard_changes.fetch_add(1, Ordering::AcqRel);
    }

    /// A room that is known to stand in front of a concert.
    fn open_before(&self, concert: ConcertId) -> Option<WaitingRoomId> {
        let known = self.known.read();
        let stands = |room: &&Arc<LiveRoom>| {
            let terms = room.terms();
            terms.concert == Some(concert) && terms.phase != Phase::Closed
        };
        known.values().find(stands).map(|room| room.id())
    }

    /// Forgets guards that are not among the live rooms any more.
    fn forget_guards(&self) {
        let mut guards = self.guards.write();
        let known = self.known.read();
        let before = guards.len();
        guards.retain(|_, guard| known.contains_key(guard));
        if guards.len() < before {
            self.guard_changes.fetch_add(1, Ordering::AcqRel);
        }
    }

    async fn hear(&self, id: WaitingRoomId, change: i64) {
        let heard = match self.known(id) {
            Some(room) if room.change() >= change => Ok(()),
            Some(room) => self.refresh(&room).await,
            None => self.load(id).await.map(|_| ()),
        };
        if let Err(error) = heard {
            warn!(waiting_room_id = %id, %error, "a change could not be read; it is read again within half a second");
        }
    }

    async fn look_and_warn(&self) {
        if let Err(error) = self.look().await {
            warn!(%error, "the waiting rooms could not be read; what is known stands");
        }
    }
}
