//! What is between a server and its database or its Redis: it can be cut, fall silent, and be slow.

use std::time::Duration;

use onsale_tests::detour::Detour;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::watch;
use tokio::time::sleep;

/// How a link is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It carries everything at once.
    Good,
    /// It carries everything so much later, each way.
    Slow(Duration),
    /// It carries nothing and closes nothing, as when a cable is pulled; what was sent arrives when it is good again.
    Silent,
    /// It closes every connection, those there are and new ones.
    Cut,
}

/// A link to a server.
pub(super) struct Link {
    detour: Detour,
    state: watch::Sender<State>,
}

impl Link {
    /// A good link to the server at `url`.
    pub(super) async fn to(url: &str) -> Self {
        let (state, seen) = watch::channel(State::Good);
        let carry = move |client, target| carry(client, target, seen.clone());
        Self { detour: Detour::to(url, carry).await, state }
    }

    /// The server's address through the link.
    pub(super) fn url(&self) -> String {
        self.detour.url()
    }

    /// Makes it be so from now on.
    pub(super) fn be(&self, state: State) {
        self.state.send_replace(state);
    }
}

/// Carries one connection until a side ends or the link is cut; both sides are closed then.
async fn carry(client: TcpStream, target: String, seen: watch::Receiver<State>) {
    let mut cut = seen.clone();
    let carrying = async {
        let Ok(server) = TcpStream::connect(&target).await else { return };
        client.set_nodelay(true).unwrap();
        server.set_nodelay(true).unwrap();
        let ((asked, answers), (answered, asks)) = (client.into_split(), server.into_split());
        tokio::select! {
            () = pump(asked, asks, seen.clone()) => {}
            () = pump(answered, answers, seen) => {}
        }
    };
    tokio::select! {
        biased;
        _ = cut.wait_for(|state| *state == State::Cut) => {}
        () = carrying => {}
    }
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut seen: watch::Receiver<State>) {
    let mut bytes = vec![0; 65_536];
    while let Ok(size @ 1..) = from.read(&mut bytes).await {
        let state = seen.wait_for(|state| *state != State::Silent).await.map(|state| *state);
        if let Ok(State::Slow(delay)) = state {
            sleep(delay).await;
        }
        if to.write_all(&bytes[..size]).await.is_err() {
            return;
        }
    }
}
