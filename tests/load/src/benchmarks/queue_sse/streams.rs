//! The other end of event streams: just enough of them to see an event arrive.

use std::{io, net::SocketAddr, time::Duration};

use chrono::{DateTime, Utc};
use futures_util::{StreamExt, TryStreamExt, stream};
use onsale_domain::waiting_room::QueueNumber;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::timeout,
};

use crate::{
    Failure,
    load::write_request,
    stage::room_path,
    visitors::{Place, PlaceTokens},
};

/// How many streams are opened at once.
const OPENING: usize = 256;
/// Longer than a name of an event, so that none is overlooked between two reads.
const KEPT: usize = 64;
/// Who has not heard by then never will.
const GIVE_UP: Duration = Duration::from_mins(1);

/// A stream of one place.
pub(super) struct PlaceStream {
    number: QueueNumber,
    stream: TcpStream,
    received: Vec<u8>,
}

/// Somebody heard of being let in; the stream stays open until this is dropped, as a browser's does.
pub(super) struct Notice {
    pub(super) number: QueueNumber,
    pub(super) at: DateTime<Utc>,
    _stream: TcpStream,
}

impl PlaceStream {
    /// Opens a stream for each place; each has told where it is.
    pub(super) async fn open_all(
        server: SocketAddr,
        tokens: &PlaceTokens,
        places: &[Place],
    ) -> Result<Vec<Self>, Failure> {
        let opened = places.iter().map(|place| Self::open(server, tokens, place));
        let streams: Vec<Self> = stream::iter(opened).buffer_unordered(OPENING).try_collect().await?;
        Ok(streams)
    }

    async fn open(server: SocketAddr, tokens: &PlaceTokens, place: &Place) -> Result<Self, Failure> {
        let path = room_path(tokens.room(), &format!("/events?ticket={}", tokens.ticket(place)));
        let mut request = Vec::new();
        write_request(&mut request, "GET", &path, &[("accept", "text/event-stream")], b"");
        let mut stream = TcpStream::connect(server).await?;
        stream.set_nodelay(true)?;
        stream.write_all(&request).await?;
        let mut opened = Self { number: place.number, stream, received: Vec::new() };
        opened.until(b"event: status\n").await?;
        Ok(opened)
    }

    /// Reads until an event of this name has begun to arrive.
    async fn until(&mut self, wanted: &[u8]) -> io::Result<()> {
        loop {
            if let Some(place) = self.received.windows(wanted.len()).position(|part| part == wanted) {
                self.received.drain(..place + wanted.len());
                return Ok(());
            }
            let old = self.received.len().saturating_sub(KEPT);
            self.received.drain(..old);
            if self.stream.read_buf(&mut self.received).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Waits for the news.
    async fn admitted(mut self) -> Option<Notice> {
        timeout(GIVE_UP, self.until(b"event: admitted\n")).await.ok()?.ok()?;
        Some(Notice { number: self.number, at: Utc::now(), _stream: self.stream })
    }
}

/// Listens to all of them from now on; who has heard.
pub(super) fn until_admitted(streams: Vec<PlaceStream>) -> impl Future<Output = Vec<Notice>> {
    let mut listening = JoinSet::new();
    for stream in streams {
        listening.spawn(stream.admitted());
    }
    async move { listening.join_all().await.into_iter().flatten().collect() }
}
