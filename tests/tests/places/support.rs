//! Lines of all three kinds, and the servers they need.

use std::sync::Arc;
use std::time::Duration;

use onsale_application::ports::{Entered, Entry, EntryTerms, LineId, Places, PlacesError};
use onsale_domain::ids::{AccountId, WaitingRoomId};
use onsale_domain::waiting_room::{QueueNumber, VisitorId};
use onsale_local::LocalPlaces;
use onsale_redis::{Redis, RedisPlaces, RedisSettings};
use onsale_test_servers::{RedisCluster, redis, redis_cluster};
use tokio::sync::OnceCell;
use uuid::Uuid;

/// Runs each contract on every kind of line, for functions that take a [`Subject`].
macro_rules! contracts {
    ($($name:ident),+ $(,)?) => {
        onsale_tests::on_every_kind!(
            $crate::support::Subject::local().await,
            $crate::support::Subject::redis().await,
            $crate::support::Subject::cluster().await;
            $($name),+
        );
    };
}
pub(crate) use contracts;

/// Terms under which everybody gets a place.
pub(crate) const OPEN: EntryTerms = EntryTerms { ceiling: 1_000_000, serving: 0, max_waiting: 1_000_000 };

/// A line of a room of its own, begun in its first epoch.
#[derive(Clone)]
pub(crate) struct Subject {
    pub(crate) places: Arc<dyn Places>,
    pub(crate) line: LineId,
}

impl Subject {
    pub(crate) async fn local() -> Self {
        Self::with(Arc::new(LocalPlaces::default())).await
    }

    /// On the server that all tests share.
    pub(crate) async fn redis() -> Self {
        Self::at(redis().await.url()).await
    }

    /// On the Cluster that all tests share.
    pub(crate) async fn cluster() -> Self {
        static SHARED: OnceCell<RedisCluster> = OnceCell::const_new();
        Self::at(&SHARED.get_or_init(redis_cluster).await.url()).await
    }

    /// On a Redis of the test's own.
    pub(crate) async fn at(url: &str) -> Self {
        Self::with(places(url)).await
    }

    pub(crate) async fn with(places: Arc<dyn Places>) -> Self {
        let subject = Self { places, line: LineId { room: WaitingRoomId(Uuid::now_v7()), epoch: 1 } };
        subject.begin(1, 0).await.unwrap();
        subject
    }

    pub(crate) const fn of_epoch(&self, epoch: i64) -> LineId {
        LineId { epoch, ..self.line }
    }

    pub(crate) async fn begin(&self, epoch: i64, last: QueueNumber) -> Result<(), PlacesError> {
        self.places.begin(self.of_epoch(epoch), last).await
    }

    pub(crate) async fn enter(&self, name: &VisitorId, terms: EntryTerms) -> Result<Entered, PlacesError> {
        let entry = Entry { visitor: name.clone(), instead_of: None };
        self.places.enter(self.line, entry, terms).await
    }

    pub(crate) async fn enter_instead(
        &self,
        name: &VisitorId,
        instead_of: QueueNumber,
        terms: EntryTerms,
    ) -> Result<Entered, PlacesError> {
        let entry = Entry { visitor: name.clone(), instead_of: Some(instead_of) };
        self.places.enter(self.line, entry, terms).await
    }

    /// New visitors, who enter one after the other.
    pub(crate) async fn entered(&self, count: usize) -> Vec<VisitorId> {
        let visitors = visitors(count);
        for visitor in &visitors {
            assert!(self.enter(visitor, OPEN).await.unwrap().new);
        }
        visitors
    }

    pub(crate) async fn number_of(&self, name: &VisitorId) -> Option<QueueNumber> {
        self.places.numbers_of(self.line, std::slice::from_ref(name)).await.unwrap()[0]
    }

    /// What every step but the beginning answers.
    pub(crate) async fn answers(&self) -> Vec<Option<PlacesError>> {
        let (places, line, visitor) = (&self.places, self.line, visitor());
        vec![
            self.enter(&visitor, OPEN).await.err(),
            places.leave(line, &visitor, 1).await.err(),
            places.put_back(line, &[(visitor.clone(), 1)]).await.err(),
            places.front(line, 0, 1).await.err(),
            places.view(line, 0).await.err(),
            places.numbers_of(line, &[visitor]).await.err(),
            places.forget(line, 0).await.err(),
        ]
    }

    pub(crate) async fn assert_lost(&self) {
        assert_eq!(self.answers().await, vec![Some(PlacesError::Lost); 7]);
    }
}

/// The settings of a Redis that a busy machine may slow down.
pub(crate) fn settings(url: &str) -> RedisSettings {
    RedisSettings { timeout: Duration::from_secs(20), ..RedisSettings::new(url) }
}

pub(crate) fn places(url: &str) -> Arc<dyn Places> {
    Arc::new(RedisPlaces::new(Redis::new(&settings(url)).unwrap()))
}

/// A visitor who is an account.
pub(crate) fn visitor() -> VisitorId {
    VisitorId::from(AccountId(Uuid::now_v7()))
}

pub(crate) fn visitors(count: usize) -> Vec<VisitorId> {
    (0..count).map(|_| visitor()).collect()
}

/// A visitor with a name of a tenant's own.
pub(crate) fn named(name: &str) -> VisitorId {
    VisitorId::new(name).unwrap()
}

pub(crate) const fn place(number: QueueNumber, new: bool) -> Entered {
    Entered { number, new }
}
