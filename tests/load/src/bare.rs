//! The baseline "bare": a poem handler that returns the same bytes for every request, behind the same middleware, on
//! the same listener, with the same logs and metrics as Onsale, in a process of its own.

use std::{
    ffi::OsStr,
    io,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use onsale_http::{HttpLimits, HttpSettings, Routes, application, bind};
use onsale_telemetry::{LogSettings, MetricsHandle, init_logs, init_metrics};
use poem::{
    Endpoint, Response, Route, RouteMethod, endpoint,
    error::InternalServerError,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode},
};
use redis::{Client, aio::MultiplexedConnection, cmd};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use tokio::{fs, time};
use tokio_util::sync::CancellationToken;

use crate::{
    Failure,
    client::Reply,
    helper::{self, Helper},
};

/// The word on the command line that turns this program into the server.
pub const COMMAND: &str = "serve-bare";

/// How often metrics are kept up, as often as Onsale does it.
const UPKEEP: Duration = Duration::from_secs(1);

const ANSWER_FILE: &str = "answer.json";
const BODY_FILE: &str = "body";
/// What the body is called in Redis.
const BODY_KEY: &str = "bare:body";

/// What every request is answered, beside the body.
#[derive(Serialize, Deserialize)]
struct Answer {
    method: String,
    path: String,
    status: u16,
    headers: Vec<(String, String)>,
    /// The Redis that has the body, when every request asks one for it.
    redis_url: Option<String>,
}

/// A bare server in its own process.
pub struct Bare {
    process: Helper,
    _folder: TempDir,
}

impl Bare {
    /// Starts this program again as a server that answers `reply` to `method` and `path`, which may have a query.
    ///
    /// # Errors
    /// When the process cannot be started or does not say where it listens.
    pub async fn start(method: &str, path: &str, reply: &Reply) -> Result<Self, Failure> {
        Self::start_on(method, path, reply, None).await
    }

    /// The same; each request gets the body from the Redis at `redis_url` by one `GET`.
    ///
    /// # Errors
    /// When the process cannot be started, does not say where it listens, or there is no such Redis.
    pub async fn with_redis(method: &str, path: &str, reply: &Reply, redis_url: &str) -> Result<Self, Failure> {
        let mut redis = Client::open(redis_url)?.get_multiplexed_async_connection().await?;
        cmd("SET").arg(BODY_KEY).arg(&reply.body[..]).exec_async(&mut redis).await?;
        Self::start_on(method, path, reply, Some(redis_url.to_owned())).await
    }

    async fn start_on(method: &str, path: &str, reply: &Reply, redis_url: Option<String>) -> Result<Self, Failure> {
        let path = path.split('?').next().unwrap_or_default().to_owned();
        let headers = reply.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let answer = Answer { method: method.to_owned(), path, status: reply.status, headers, redis_url };
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join(ANSWER_FILE), serde_json::to_vec(&answer)?).await?;
        fs::write(folder.path().join(BODY_FILE), &reply.body).await?;
        // where the log lines of the measured server go, too
        let process = Helper::start(&[OsStr::new(COMMAND), folder.path().as_os_str()], Stdio::null()).await?;
        Ok(Self { process, _folder: folder })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.process.address()
    }

    /// Ends it.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub async fn stop(self) -> io::Result<()> {
        self.process.stop().await
    }
}

/// Serves the answer in the folder until standard input closes.
///
/// # Errors
/// When the answer cannot be read or no port is free.
pub async fn serve(folder: &Path) -> Result<(), Failure> {
    let metrics = init_metrics()?;
    let _logs = init_logs(&LogSettings::default())?;
    let answer: Answer = serde_json::from_slice(&fs::read(folder.join(ANSWER_FILE)).await?)?;
    let body = match &answer.redis_url {
        None => Body::Kept(fs::read(folder.join(BODY_FILE)).await?.into()),
        Some(url) => Body::InRedis(Client::open(url.as_str())?.get_multiplexed_async_connection().await?),
    };
    let limits = HttpLimits::default();
    let limits = HttpLimits { client_requests_per_second: 0, client_connections: limits.connections, ..limits };
    let settings = HttpSettings { limits, ..HttpSettings::default() };
    let method: Method = answer.method.parse()?;
    let routes = Routes::none().and(&answer.path, std::slice::from_ref(&method));
    let handler = RouteMethod::new().method(method, handler(&answer, body)?);
    let endpoint = application(Route::new().at(&answer.path, handler), routes, &settings);
    let listener = bind((Ipv4Addr::LOCALHOST, 0).into(), &settings.limits)?;
    helper::announce(listener.local_addr()?)?;
    tokio::spawn(keep_up(metrics));
    let stop = CancellationToken::new();
    let ending = async {
        helper::parent_has_ended().await;
        stop.cancel();
    };
    tokio::join!(onsale_http::serve(endpoint, listener, &settings, stop.clone()), ending);
    Ok(())
}

/// Where a body is.
#[derive(Clone)]
enum Body {
    Kept(Bytes),
    InRedis(MultiplexedConnection),
}

impl Body {
    async fn bytes(self) -> poem::Result<Bytes> {
        match self {
            Self::Kept(bytes) => Ok(bytes),
            Self::InRedis(mut redis) => {
                let bytes: Vec<u8> =
                    cmd("GET").arg(BODY_KEY).query_async(&mut redis).await.map_err(InternalServerError)?;
                Ok(bytes.into())
            }
        }
    }
}

fn handler(answer: &Answer, body: Body) -> Result<impl Endpoint + use<>, Failure> {
    let status = StatusCode::from_u16(answer.status)?;
    let header = |(name, value): &(String, String)| Ok::<_, Failure>((name.parse()?, value.parse()?));
    let headers = answer.headers.iter().map(header).collect::<Result<Vec<(HeaderName, HeaderValue)>, _>>()?;
    let headers: Arc<HeaderMap> = Arc::new(headers.into_iter().collect());
    Ok(endpoint::make(move |_| {
        let (body, headers) = (body.clone(), Arc::clone(&headers));
        async move {
            let mut response = Response::builder().status(status).body(body.bytes().await?);
            response.headers_mut().extend(headers.iter().map(|(name, value)| (name.clone(), value.clone())));
            Ok::<_, poem::Error>(response)
        }
    }))
}

async fn keep_up(metrics: MetricsHandle) {
    let mut pace = time::interval(UPKEEP);
    loop {
        pace.tick().await;
        metrics.upkeep();
    }
}
