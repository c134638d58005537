//! Lines that get lost.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use onsale_application::ports::{Entered, Entry, EntryTerms, Front, LineId, Places, PlacesError};
use onsale_domain::ids::WaitingRoomId;
use onsale_domain::waiting_room::{LineView, QueueNumber, VisitorId};
use onsale_local::LocalPlaces;
use onsale_redis::{Redis, RedisPlaces, RedisSettings};
use onsale_test_servers::{RedisServer, private_redis};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A line that a test can lose.
#[async_trait]
pub(crate) trait Losing: Send {
    /// The line as replicas see it.
    fn places(&self) -> Arc<dyn Places>;

    /// Loses it; a true `some` keeps what was written some time ago.
    async fn lose(&mut self, some: bool);
}

/// A line in memory, of a process that can be started anew.
pub(crate) struct Forgetful(Arc<Remembered>);

struct Remembered(Mutex<Arc<LocalPlaces>>);

impl Forgetful {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Remembered(Mutex::default())))
    }
}

#[async_trait]
impl Losing for Forgetful {
    fn places(&self) -> Arc<dyn Places> {
        self.0.clone()
    }

    async fn lose(&mut self, _: bool) {
        *self.0.0.lock().expect("nobody panicked") = Arc::default();
    }
}

impl Remembered {
    fn now(&self) -> Arc<LocalPlaces> {
        self.0.lock().expect("nobody panicked").clone()
    }
}

macro_rules! forward {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl Places for Remembered {
            $(async fn $name(&self, $($argument: $type),*) -> Result<$answer, PlacesError> {
                self.now().$name($($argument),*).await
            })*
        }
    };
}

forward! {
    enter(line: LineId, entry: Entry, terms: EntryTerms) -> Entered;
    leave(line: LineId, visitor: &VisitorId, number: QueueNumber) -> ();
    put_back(line: LineId, visitors: &[(VisitorId, QueueNumber)]) -> ();
    front(line: LineId, serving: QueueNumber, count: u32) -> Front;
    view(line: LineId, serving: QueueNumber) -> LineView;
    numbers_of(line: LineId, visitors: &[VisitorId]) -> Vec<Option<QueueNumber>>;
    forget(line: LineId, up_to: QueueNumber) -> ();
    begin(line: LineId, last: QueueNumber) -> ();
    clear(room: WaitingRoomId) -> ();
}

/// A line in a Redis of the test's own.
pub(crate) struct LosesRedis {
    server: RedisServer,
    places: Arc<RedisPlaces>,
}

impl LosesRedis {
    pub(crate) async fn start() -> Self {
        let server = private_redis().await;
        let redis = Redis::new(&RedisSettings::new(server.url())).expect("the address is one");
        Self { places: Arc::new(RedisPlaces::new(redis)), server }
    }

    /// Tells the server something that it answers with `+OK`.
    async fn tell(&self, command: &str) {
        let address = self.server.url().trim_start_matches("redis://").trim_end_matches('/').to_owned();
        let mut stream = TcpStream::connect(address).await.expect("the server listens");
        stream.write_all(format!("{command}\r\n").as_bytes()).await.expect("the server reads");
        let mut answer = [0; 5];
        stream.read_exact(&mut answer).await.expect("the server answers");
        assert_eq!(&answer, b"+OK\r\n", "{command}");
    }
}

#[async_trait]
impl Losing for LosesRedis {
    fn places(&self) -> Arc<dyn Places> {
        self.places.clone()
    }

    /// Empties the server; or kills it and starts it with what was saved when it was lost the last time, and saves that
    /// what is there then is what comes back the next time.
    async fn lose(&mut self, some: bool) {
        if some {
            self.server.kill().await.expect("the server is ours");
            self.server.start().await.expect("the server starts again");
        } else {
            self.tell("FLUSHALL").await;
        }
        self.tell("SAVE").await;
    }
}
