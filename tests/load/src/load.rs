//! An HTTP/1.1 load generator that is cheap enough not to be what is measured.
//!
//! Every connection is kept alive and has one request in flight. A request costs one write, one read and no allocation;
//! the latency of a request at a given rate counts from the moment it was meant to start, so that a server that stalls
//! cannot hide it by being asked later (Gil Tene's "coordinated omission").

mod answer;
mod connection;
mod outcome;
mod turns;
mod workload;

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Barrier, Mutex},
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::{
    net::TcpStream,
    runtime::{Builder, Runtime},
    task::{JoinSet, spawn_blocking},
};

pub use self::{
    answer::Answer,
    outcome::Outcome,
    workload::{Fixed, Turn, Workload, write_request},
};
use self::{connection::Connection, outcome::Recorder, turns::Turns};

/// Why there was no load.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A connection could not be opened before the start.
    #[error("cannot connect to {address}: {reason}")]
    Connect {
        /// The server.
        address: SocketAddr,
        /// What the operating system said.
        reason: io::Error,
    },
    /// No thread or runtime could be started.
    #[error("cannot start a load thread: {0}")]
    Thread(io::Error),
}

/// When a load ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Until {
    /// No request starts later than this after the first.
    Elapsed(Duration),
    /// This many requests have been made by all connections together.
    Requests(u64),
}

/// How hard one server is asked.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// The server.
    pub address: SocketAddr,
    /// Connections, opened before the first request.
    pub connections: usize,
    /// When it ends.
    pub until: Until,
    /// Requests per second over all connections; without it, each connection asks again as soon as it has its answer.
    pub per_second: Option<f64>,
    /// Threads that drive the connections. One reaches more than a server on the other core can answer.
    pub threads: usize,
    /// Requests still unanswered this long after the start count as failures.
    pub give_up_after: Duration,
}

impl Load {
    /// A load from one thread, as fast as the answers come, given up after five minutes.
    #[must_use]
    pub fn new(address: SocketAddr, connections: usize, until: Until) -> Self {
        Self { address, connections, until, per_second: None, threads: 1, give_up_after: Duration::from_mins(5) }
    }

    /// The same at a fixed rate, whether answers come or not.
    #[must_use]
    pub fn at(self, per_second: f64) -> Self {
        Self { per_second: Some(per_second), ..self }
    }

    /// Opens the connections, makes the requests and returns what came of them.
    ///
    /// # Errors
    /// When a connection cannot be opened. What goes wrong later is counted in the [`Outcome`].
    ///
    /// # Panics
    /// When the workload does.
    pub async fn run<W: Workload>(self, workload: Arc<W>) -> Result<Outcome, LoadError> {
        spawn_blocking(move || self.run_on_threads(&workload))
            .await
            .expect("a load is never cancelled, and panics only in the workload")
    }

    fn run_on_threads<W: Workload>(self, workload: &Arc<W>) -> Result<Outcome, LoadError> {
        let turns = Arc::new(Turns::new(&self));
        let ready = Arc::new(Barrier::new(self.threads + 1));
        let shares = (0..self.threads).map(|thread| Share::open(&self, thread)).collect::<Result<Vec<_>, _>>()?;
        let spawn = |share: Share| share.spawn(workload.clone(), turns.clone(), ready.clone(), self.give_up_after);
        let threads: Vec<_> = shares.into_iter().map(spawn).collect();
        turns.start();
        ready.wait();
        turns.pace();
        Ok(threads.into_iter().map(joined).fold(Recorder::default(), Recorder::merged).finish(turns.started()))
    }
}

fn joined(thread: JoinHandle<Recorder>) -> Recorder {
    thread.join().expect("a load panics only in the workload")
}

/// The connections of one thread.
struct Share {
    runtime: Runtime,
    address: SocketAddr,
    streams: Vec<(usize, TcpStream)>,
}

impl Share {
    fn open(load: &Load, thread: usize) -> Result<Self, LoadError> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(LoadError::Thread)?;
        let address = load.address;
        let numbers = (thread..load.connections).step_by(load.threads);
        let streams = numbers.map(|number| Ok((number, runtime.block_on(connection::open(address))?)));
        let streams =
            streams.collect::<Result<_, io::Error>>().map_err(|reason| LoadError::Connect { address, reason })?;
        Ok(Self { runtime, address, streams })
    }

    fn spawn<W: Workload>(
        self,
        workload: Arc<W>,
        turns: Arc<Turns>,
        ready: Arc<Barrier>,
        limit: Duration,
    ) -> JoinHandle<Recorder> {
        thread::spawn(move || {
            ready.wait();
            self.runtime.block_on(drive(self.address, self.streams, &workload, &turns, limit))
        })
    }
}

async fn drive<W: Workload>(
    address: SocketAddr,
    streams: Vec<(usize, TcpStream)>,
    workload: &Arc<W>,
    turns: &Arc<Turns>,
    limit: Duration,
) -> Recorder {
    let recorder = Arc::new(Mutex::new(Recorder::default()));
    let mut connections = JoinSet::new();
    for (number, stream) in streams {
        let connection = Connection::new(number, address, stream, recorder.clone());
        connections.spawn(connection.drive(workload.clone(), turns.clone(), limit));
    }
    connections.join_all().await;
    std::mem::take(&mut *connection::locked(&recorder))
}
