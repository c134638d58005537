//! One connection: its protocol, its limits, its end.

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use poem::http::uri::Scheme;
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Endpoint, IntoResponse, Request};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::activity::{Activity, Watched, overdue};
use crate::settings::HttpLimits;

/// The first bytes of an HTTP/2 connection with prior knowledge (RFC 9113, 3.4); no HTTP/1 method begins with them.
const HTTP2_START: &[u8] = b"PRI";

/// What all connections of a listener share.
pub(super) struct Connections<E> {
    application: Arc<E>,
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
    head_timeout: Duration,
    idle_timeout: Duration,
    shutdown: CancellationToken,
    cut: CancellationToken,
}

impl<E: Endpoint + 'static> Connections<E> {
    /// `shutdown` lets connections finish, `cut` ends them.
    pub(super) fn new(
        application: E,
        limits: &HttpLimits,
        shutdown: CancellationToken,
        cut: CancellationToken,
    ) -> Self {
        let mut http1 = http1::Builder::new();
        http1.header_read_timeout(None).max_header_size(limits.head_bytes).pipeline_flush(true);
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        http2
            .timer(TokioTimer::new())
            .max_concurrent_streams(limits.http2_streams)
            .max_header_list_size(u32::try_from(limits.head_bytes).unwrap_or(u32::MAX));
        Self {
            application: Arc::new(application),
            http1,
            http2,
            head_timeout: limits.header_timeout(),
            idle_timeout: limits.idle_timeout(),
            shutdown,
            cut,
        }
    }

    /// Serves one connection to its end.
    pub(super) async fn serve(&self, stream: TcpStream) {
        let open = metrics::gauge!("onsale_http_connections");
        open.increment(1.0);
        if let Err(error) = self.try_serve(stream).await {
            tracing::debug!(%error, "a connection ended early");
        }
        open.decrement(1.0);
    }

    async fn try_serve(&self, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?; // a response is written in one go: waiting for more only delays it
        let (local, peer) = (stream.local_addr()?, stream.peer_addr()?);
        let Some(is_http2) = self.is_http2(&stream).await? else { return Ok(()) };
        let activity = Arc::new(Activity::new());
        let io = TokioIo::new(Watched::new(stream, Arc::clone(&activity)));
        let service = service(Arc::clone(&self.application), Arc::clone(&activity), local, peer);
        if is_http2 {
            activity.multiplexed();
            self.drive(&activity, self.http2.serve_connection(io, service)).await
        } else {
            self.drive(&activity, self.http1.serve_connection(io, service)).await
        }
    }

    /// Looks at the first bytes without taking them; nothing if they do not come in time.
    async fn is_http2(&self, stream: &TcpStream) -> io::Result<Option<bool>> {
        let mut start = [0; HTTP2_START.len()];
        tokio::select! {
            biased;
            read = stream.peek(&mut start) => Ok(Some(&start[..read?] == HTTP2_START)),
            () = tokio::time::sleep(self.head_timeout) => Ok(None),
            () = self.shutdown.cancelled() => Ok(None),
        }
    }

    /// Runs a connection until it ends, is overdue, or is cut off after a shutdown.
    async fn drive<C: GracefulConnection>(&self, activity: &Activity, connection: C) -> io::Result<()>
    where
        C::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let mut connection = pin!(connection);
        let shutdown = self.shutdown.child_token(); // its own, so that connections do not contend for one lock
        tokio::select! {
            biased;
            ended = connection.as_mut() => return ended.map_err(io::Error::other),
            overdue = overdue(activity, self.head_timeout, self.idle_timeout) => {
                tracing::debug!(?overdue, "a connection is given up");
                return Ok(());
            }
            () = shutdown.cancelled() => connection.as_mut().graceful_shutdown(),
        }
        tokio::select! {
            biased;
            ended = connection => ended.map_err(io::Error::other),
            () = self.cut.cancelled() => Ok(()),
        }
    }
}

/// Hands requests to the application.
fn service<E: Endpoint + 'static>(
    application: Arc<E>,
    activity: Arc<Activity>,
    local: SocketAddr,
    peer: SocketAddr,
) -> impl Service<
    hyper::Request<Incoming>,
    Response = hyper::Response<BoxBody<Bytes, io::Error>>,
    Error = Infallible,
    Future: Send + 'static,
> {
    let (local, peer) = (LocalAddr(local.into()), RemoteAddr(peer.into()));
    service_fn(move |request| {
        let application = Arc::clone(&application);
        let running = Arc::clone(&activity).begin();
        let request = Request::from((request, local.clone(), peer.clone(), Scheme::HTTP));
        async move {
            let answer = application.call(request).await;
            drop(running);
            Ok(answer.map_or_else(poem::Error::into_response, IntoResponse::into_response).into())
        }
    })
}
