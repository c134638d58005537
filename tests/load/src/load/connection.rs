//! One connection: ask, wait for the answer, record, ask again.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout_at,
};

use super::{
    answer::{Answer, BodyLength, Head, join_chunks},
    outcome::Recorder,
    turns::{Due, Turns},
    workload::{Turn, Workload},
};

/// An answer shorter than this is read at once; tokio then knows, without asking the system, that nothing is left.
const READ_BYTES: usize = 16 * 1024;

pub(super) async fn open(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

pub(super) fn locked(recorder: &Mutex<Recorder>) -> MutexGuard<'_, Recorder> {
    recorder.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) struct Connection {
    number: usize,
    address: SocketAddr,
    stream: TcpStream,
    recorder: Arc<Mutex<Recorder>>, // one per thread, so never waited for
    in_flight: bool,
    request: Vec<u8>,
    received: Vec<u8>,
    unchunked: Vec<u8>,
}

impl Connection {
    pub(super) fn new(number: usize, address: SocketAddr, stream: TcpStream, recorder: Arc<Mutex<Recorder>>) -> Self {
        let received = Vec::with_capacity(READ_BYTES);
        Self {
            number,
            address,
            stream,
            recorder,
            in_flight: false,
            request: Vec::new(),
            received,
            unchunked: Vec::new(),
        }
    }

    /// Makes requests until the load ends, the workload has nothing more, the server is out of reach, or `limit` after
    /// the start, when a request still in flight has failed.
    pub(super) async fn drive<W: Workload>(mut self, workload: Arc<W>, turns: Arc<Turns>, limit: Duration) {
        let deadline = (turns.started() + limit).into();
        let ended = timeout_at(deadline, self.ask(&*workload, &turns)).await;
        if ended.is_err() && self.in_flight {
            locked(&self.recorder).fail();
        }
    }

    async fn ask<W: Workload>(&mut self, workload: &W, turns: &Turns) {
        while let Some(due) = turns.next().await {
            let turn = Turn { connection: self.number, number: due.number };
            self.request.clear();
            if !workload.request(turn, &mut self.request) {
                return;
            }
            self.in_flight = true;
            let answered = self.exchange(workload, turn, due).await.is_ok();
            self.in_flight = false;
            if !answered {
                locked(&self.recorder).fail();
                let Ok(stream) = open(self.address).await else { return };
                self.stream = stream;
            }
        }
    }

    async fn exchange<W: Workload>(&mut self, workload: &W, turn: Turn, due: Due) -> io::Result<()> {
        self.stream.write_all(&self.request).await?;
        let head = self.receive_head().await?;
        let body = match head.body {
            BodyLength::Bytes(length) => {
                self.receive_to(head.length + length).await?;
                &self.received[head.length..head.length + length]
            }
            BodyLength::Chunked => {
                self.receive_chunks(head.length).await?;
                &self.unchunked
            }
        };
        let now = Instant::now();
        let latency = now.saturating_duration_since(due.at);
        workload.answer(turn, &Answer { status: head.status, body, latency, head: &self.received[..head.length] });
        locked(&self.recorder).record(head.status, latency, body.len(), now);
        if head.closes {
            self.stream = open(self.address).await?;
        }
        Ok(())
    }

    async fn receive_head(&mut self) -> io::Result<Head> {
        self.received.clear();
        loop {
            self.receive().await?;
            if let Some(head) = Head::parse(&self.received).map_err(io::Error::other)? {
                return Ok(head);
            }
        }
    }

    async fn receive_to(&mut self, length: usize) -> io::Result<()> {
        self.received.reserve(length.saturating_sub(self.received.len()));
        while self.received.len() < length {
            self.receive().await?;
        }
        Ok(())
    }

    async fn receive_chunks(&mut self, start: usize) -> io::Result<()> {
        while join_chunks(&self.received[start..], &mut self.unchunked).map_err(io::Error::other)?.is_none() {
            self.receive().await?;
        }
        Ok(())
    }

    async fn receive(&mut self) -> io::Result<()> {
        if self.received.capacity() - self.received.len() < READ_BYTES / 4 {
            self.received.reserve(READ_BYTES);
        }
        match self.stream.read_buf(&mut self.received).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}
