//! Lines that are filled before the clock starts, through the port that the server itself uses.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::{StreamExt, TryStreamExt, stream};
use onsale_application::ports::{Context, Entry, EntryTerms, Front, LineId, Places, PlacesError, Rooms};
use onsale_crypto::{SystemClock, UuidIds};
use onsale_domain::{
    ids::WaitingRoomId,
    waiting_room::{QueueNumber, VisitorId},
};
use onsale_local::{DEFAULT_BUS_CAPACITY, LocalBus};
use onsale_redis::{Redis, RedisPlaces, RedisSettings};
use onsale_sql::SqlRooms;
use onsale_support::lanes::LaneLimits;
use tokio::time::sleep;
use uuid::Uuid;

use crate::{
    Failure,
    store::Store,
    visitors::{Place, newcomer},
};

/// More numbers than any benchmark hands out.
const CEILING: QueueNumber = 10_000_000;
/// How many enter at once: several groups.
const ENTERING: usize = 2_048;
/// Everybody finds a place; the serving number does not matter for that.
const TERMS: EntryTerms = EntryTerms { ceiling: CEILING, serving: 0, max_waiting: u32::MAX };
/// How long a server may take to make the line of a new room.
const PATIENCE: Duration = Duration::from_secs(20);

/// A line.
pub struct Line {
    places: Arc<dyn Places>,
    id: LineId,
}

/// Lines in the Redis at `url`, with time for a busy machine.
///
/// # Errors
/// When it is no address of a Redis.
pub fn in_redis(url: &str) -> Result<Arc<dyn Places>, Failure> {
    let settings = RedisSettings { timeout: Duration::from_secs(30), ..RedisSettings::new(url) };
    Ok(Arc::new(RedisPlaces::new(Redis::new(&settings)?)))
}

impl Line {
    /// A line that no server knows.
    ///
    /// # Errors
    /// When the line cannot be made.
    pub async fn begin(places: Arc<dyn Places>) -> Result<Self, Failure> {
        let id = LineId { room: WaitingRoomId(Uuid::now_v7()), epoch: 1 };
        places.begin(id, 0).await?;
        Ok(Self { places, id })
    }

    /// The line of a room, once a server has made it in the Redis at `url`.
    ///
    /// # Errors
    /// When no server makes it.
    pub async fn of(store: &Store, url: &str, room: WaitingRoomId) -> Result<Self, Failure> {
        const PAUSE: Duration = Duration::from_millis(20);
        let (places, started) = (in_redis(url)?, Instant::now());
        loop {
            let epoch = i64::try_from(store.room_number(room, "epoch").await?)?;
            let id = LineId { room, epoch };
            match places.view(id, 0).await {
                Ok(_) => return Ok(Self { places, id }),
                Err(PlacesError::Lost) if started.elapsed() < PATIENCE => sleep(PAUSE).await,
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Lets so many newcomers enter, having raised the ceiling of their room as a server does before it hands out a
    /// number.
    ///
    /// # Errors
    /// When one finds no place.
    pub async fn fill(&self, store: &Store, count: u32) -> Result<Vec<Place>, Failure> {
        let context = Context::new(Arc::new(SystemClock), Arc::new(UuidIds));
        let bus = Arc::new(LocalBus::new(DEFAULT_BUS_CAPACITY));
        let rooms = SqlRooms::new(store.database.clone(), context, bus, LaneLimits::default());
        rooms.raise_ceiling(self.id.room, self.id.epoch, CEILING).await?;
        self.enter(count).await
    }

    /// Lets so many newcomers enter; the places are in the order of their numbers.
    ///
    /// # Errors
    /// When one finds no place.
    pub async fn enter(&self, count: u32) -> Result<Vec<Place>, Failure> {
        let entered = stream::iter(0..count).map(async |_| self.enter_as(newcomer()).await).buffer_unordered(ENTERING);
        let mut places: Vec<Place> = entered.try_collect().await?;
        places.sort_unstable_by_key(|place| place.number);
        Ok(places)
    }

    async fn enter_as(&self, visitor: VisitorId) -> Result<Place, Failure> {
        let entry = Entry { visitor: visitor.clone(), instead_of: None };
        let entered = self.places.enter(self.id, entry, TERMS).await?;
        if entered.new { Ok(Place { visitor, number: entered.number }) } else { Err("a newcomer was there".into()) }
    }

    /// The room.
    #[must_use]
    pub const fn room(&self) -> WaitingRoomId {
        self.id.room
    }

    /// How many stand in line, those included who were let in and not forgotten, and the highest number.
    ///
    /// # Errors
    /// When the line does not answer.
    pub async fn count(&self) -> Result<(u64, u64), Failure> {
        let view = self.places.view(self.id, 0).await?;
        Ok((view.waiting, u64::try_from(view.last)?))
    }

    /// The next `count` behind `serving`.
    ///
    /// # Errors
    /// When the line does not answer.
    pub async fn front(&self, serving: QueueNumber, count: u32) -> Result<Front, Failure> {
        Ok(self.places.front(self.id, serving, count).await?)
    }

    /// Forgets everybody up to a number.
    ///
    /// # Errors
    /// When the line does not answer.
    pub async fn forget(&self, up_to: QueueNumber) -> Result<(), Failure> {
        Ok(self.places.forget(self.id, up_to).await?)
    }

    /// Removes the line.
    ///
    /// # Errors
    /// When the line does not answer.
    pub async fn clear(&self) -> Result<(), Failure> {
        Ok(self.places.clear(self.id.room).await?)
    }
}
