//! A migrated database for one test, with time and ids that the test sets.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use onsale_application::ports::{Bus, BusMessage, BusReceiver, Clock, Context, Ids};
use onsale_sql::{Database, DatabaseSettings};
use tempfile::TempDir;
use uuid::Uuid;

/// Runs each contract on SQLite and on MySQL: `contracts!(first, second)` for functions that take a [`Store`].
#[macro_export]
macro_rules! contracts {
    ($($name:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name($crate::store::Store::sqlite().await).await;
            })+
        }

        mod on_mysql {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::store::Store::mysql().await).await;
            })+
        }
    };
}

/// A migrated database for one test; it goes with the test.
pub struct Store {
    /// The database.
    pub database: Database,
    /// How to connect to it again.
    pub settings: DatabaseSettings,
    /// The clock of [`Store::context`].
    pub clock: Arc<TestClock>,
    /// Time and ids.
    pub context: Context,
    /// Hears what is announced.
    pub bus: Arc<HeardBus>,
    _place: Place,
}

/// Where the database is; dropping it removes the database.
enum Place {
    Elsewhere,
    #[expect(dead_code, reason = "kept for its end")]
    Folder(TempDir),
    #[expect(dead_code, reason = "kept for its end")]
    Server(onsale_test_servers::Database),
}

impl Store {
    /// On SQLite, in a folder of its own.
    ///
    /// # Panics
    /// When the database cannot be made.
    pub async fn sqlite() -> Self {
        let folder = TempDir::new().expect("a folder can be made");
        let url = format!("sqlite:{}", folder.path().join("onsale.db").display());
        Self::migrated(DatabaseSettings::new(url), Place::Folder(folder)).await
    }

    /// On MySQL, in a database of its own.
    ///
    /// # Panics
    /// When there is no server.
    pub async fn mysql() -> Self {
        let server = onsale_test_servers::mysql().await.fresh_database().await;
        Self::migrated(DatabaseSettings::new(server.url()), Place::Server(server)).await
    }

    /// In the database at `url`, which somebody else keeps.
    ///
    /// # Panics
    /// When it cannot be reached.
    pub async fn at(url: &str) -> Self {
        Self::migrated(DatabaseSettings::new(url), Place::Elsewhere).await
    }

    async fn migrated(settings: DatabaseSettings, place: Place) -> Self {
        let database = Database::connect(&settings).await.expect("the database can be reached");
        database.migrate().await.expect("the schema can be made");
        let clock = Arc::new(TestClock::default());
        let context = Context::new(clock.clone(), Arc::new(TestIds));
        Self { database, settings, clock, context, bus: Arc::default(), _place: place }
    }
}

/// A clock that stands still until a test moves it.
pub struct TestClock {
    now: Mutex<DateTime<Utc>>,
}

impl Default for TestClock {
    /// At noon of a day in 2030.
    fn default() -> Self {
        Self::at(DateTime::from_timestamp(1_900_000_000, 0).expect("in range"))
    }
}

impl TestClock {
    /// A clock that shows `now`.
    #[must_use]
    pub fn at(now: DateTime<Utc>) -> Self {
        Self { now: Mutex::new(now) }
    }

    /// Moves the clock on.
    pub fn advance(&self, by: TimeDelta) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }
}

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Real identities, later than those before them.
#[derive(Clone, Copy, Debug, Default)]
pub struct TestIds;

impl Ids for TestIds {
    fn new_id(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// A bus that only remembers what was announced.
#[derive(Default)]
pub struct HeardBus {
    heard: Mutex<Vec<BusMessage>>,
}

impl HeardBus {
    /// What was announced since the last call.
    pub fn heard(&self) -> Vec<BusMessage> {
        std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Bus for HeardBus {
    fn publish(&self, message: BusMessage) {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).push(message);
    }

    fn subscribe(&self) -> Box<dyn BusReceiver> {
        Box::new(Silence)
    }
}

struct Silence;

#[async_trait]
impl BusReceiver for Silence {
    async fn next(&mut self) -> Option<BusMessage> {
        std::future::pending().await
    }
}
