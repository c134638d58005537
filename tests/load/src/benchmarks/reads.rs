//! One path that everybody reads, from Onsale and from the two baselines.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use super::require;
use crate::{
    Failure,
    bare::Bare,
    client::Reply,
    load::{Fixed, Load, Outcome, Until},
    naked::Naked,
    pairs::Pairs,
    report::{Report, Row},
};

/// Connections of those who read.
const CONNECTIONS: usize = 64;

/// Somebody who reads one path again and again.
pub(super) struct Reader {
    request: Arc<Fixed>,
    run: Duration,
}

impl Reader {
    /// A reader of `path`; each measurement takes `run`.
    pub(super) fn new(path: &str, run: Duration) -> Self {
        Self { request: Arc::new(Fixed::get(path, &[])), run }
    }

    /// Reads from a server as fast as it answers.
    pub(super) async fn read(&self, server: SocketAddr) -> Result<Outcome, Failure> {
        self.read_for(server, self.run).await
    }

    /// The same for a moment, so that nobody is measured cold.
    pub(super) async fn warm_up(&self, server: SocketAddr) -> Result<(), Failure> {
        self.read_for(server, self.run / 4).await.map(drop)
    }

    async fn read_for(&self, server: SocketAddr, run: Duration) -> Result<Outcome, Failure> {
        let outcome = Load::new(server, CONNECTIONS, Until::Elapsed(run)).run(self.request.clone()).await?;
        require(&outcome, &[200])?;
        Ok(outcome)
    }
}

/// The baselines, and who reads from all three.
pub(super) struct Reads {
    pub(super) bare: Bare,
    pub(super) naked: Naked,
    reader: Reader,
}

impl Reads {
    /// Starts baselines that answer `reply`; each measurement takes `run`.
    pub(super) async fn start(path: &str, reply: &Reply, run: Duration) -> Result<Self, Failure> {
        let (bare, naked) = (Bare::start("GET", path, reply).await?, Naked::start(&reply.body).await?);
        Ok(Self { bare, naked, reader: Reader::new(path, run) })
    }

    /// Reads from a server as fast as it answers.
    pub(super) async fn read(&self, server: SocketAddr) -> Result<Outcome, Failure> {
        self.reader.read(server).await
    }

    /// The same for a moment, so that nobody is measured cold.
    pub(super) async fn warm_up(&self, server: SocketAddr) -> Result<(), Failure> {
        self.reader.warm_up(server).await
    }

    /// Ends the baselines.
    pub(super) async fn stop(self) -> Result<(), Failure> {
        self.bare.stop().await?;
        Ok(self.naked.stop().await?)
    }
}

/// A report of Onsale against bare, with the same measurements of naked beside them.
pub(super) fn report(name: &str, pairs: &Pairs, naked: &Pairs) -> Report {
    Report::compare(name, "bare", pairs).row(Row::new("naked", &naked.baseline)).figure("ratio_naked", naked.ratio())
}
