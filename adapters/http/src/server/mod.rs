//! The listener: accepts up to its limit, serves HTTP/1.1 and HTTP/2 with prior knowledge, and drains.
//!
//! poem's own server sets neither `TCP_NODELAY` nor a time limit for request heads and bounds no connections, so this
//! one drives hyper directly.

mod activity;
mod clients;
mod connection;
mod draining;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use poem::Endpoint;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::clients::Clients;
use self::connection::Connections;
pub use self::draining::Draining;
use crate::settings::{HttpLimits, HttpSettings};

/// How long to wait after a failed accept, which usually means that file descriptors ran out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Listens on `address`; port 0 takes any free one. Must be called within a tokio runtime.
///
/// # Errors
/// The address is taken, not of this machine, or needs a privilege.
pub fn bind(address: SocketAddr, limits: &HttpLimits) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?; // a restart need not wait for old connections to be forgotten
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(i32::try_from(limits.backlog).unwrap_or(i32::MAX))?;
    TcpListener::from_std(socket.into())
}

/// Serves `application` until `shutdown`, then drains: accepts nothing more, lets requests finish, and after the drain
/// limit closes what is left. Event streams end by [`Draining`], made of the same token.
pub async fn serve<E>(application: E, listener: TcpListener, settings: &HttpSettings, shutdown: CancellationToken)
where
    E: Endpoint + 'static,
{
    let limits = &settings.limits;
    let cut = CancellationToken::new();
    let connections = Arc::new(Connections::new(application, limits, shutdown.clone(), cut.clone()));
    let running = TaskTracker::new();
    let free = Arc::new(Semaphore::new(limits.connections));
    let clients = Clients::new(settings);
    while let Some((stream, peer, permit)) = next(&listener, &free, &shutdown).await {
        let Some(open) = clients.connect(peer.ip()) else {
            metrics::counter!("onsale_http_connections_refused_total").increment(1);
            continue; // closed at once, which costs less than an answer
        };
        let connections = Arc::clone(&connections);
        running.spawn(async move {
            connections.serve(stream).await;
            drop((open, permit));
        });
    }
    drop(listener);
    running.close();
    tracing::info!(connections = running.len(), "draining");
    if tokio::time::timeout(limits.drain_limit(), running.wait()).await.is_err() {
        tracing::warn!(connections = running.len(), "closing what did not finish within the drain limit");
        cut.cancel();
        running.wait().await;
    }
}

/// The next connection with its permit, or nothing from `shutdown` on. At the limit nothing is accepted: the kernel
/// keeps the clients waiting, which costs least.
async fn next(
    listener: &TcpListener,
    free: &Arc<Semaphore>,
    shutdown: &CancellationToken,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let accepted = async {
        let permit = Arc::clone(free).acquire_owned().await.expect("the semaphore is never closed");
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => return (stream, peer, permit),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    };
    tokio::select! {
        biased;
        () = shutdown.cancelled() => None,
        accepted = accepted => Some(accepted),
    }
}
