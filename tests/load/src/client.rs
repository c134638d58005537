//! Single calls, for everything that is not measured.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::Value;

use crate::{
    Failure,
    load::{Answer, Fixed, Load, Turn, Until, Workload},
    prepared::Prepared,
};

/// The headers of an answer that a bare server repeats.
const KEPT: [&str; 3] = ["content-type", "etag", "cache-control"];

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// Content type, `ETag` and `Cache-Control`, as far as there are any.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// The body as JSON.
    ///
    /// # Errors
    /// When the status is another; the message has the body.
    pub fn json(&self, status: u16) -> Result<Value, Failure> {
        if self.status != status {
            return Err(format!("{} instead of {status}: {}", self.status, String::from_utf8_lossy(&self.body)).into());
        }
        Ok(serde_json::from_slice(&self.body)?)
    }
}

/// Makes one request on a connection of its own; a body is JSON.
///
/// # Errors
/// When there is no answer.
pub async fn call(
    server: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Reply, Failure> {
    ask(server, Fixed::request(method, path, headers, body))
        .await
        .map_err(|error| format!("{method} {path}: {error}").into())
}

/// Makes a request once, on a connection of its own.
///
/// # Errors
/// When there is no answer.
pub async fn ask(server: SocketAddr, request: Fixed) -> Result<Reply, Failure> {
    let once = Arc::new(Once { request, reply: Mutex::new(None) });
    Load::new(server, 1, Until::Requests(1)).run(once.clone()).await?;
    let reply = once.reply.lock().unwrap_or_else(PoisonError::into_inner).take();
    reply.ok_or_else(|| "no answer".into())
}

/// Makes each request once, on some connections, and keeps the answers in the order of the requests.
///
/// # Errors
/// When a request has no answer, or an answer has another status.
pub async fn ask_all(server: SocketAddr, requests: Prepared, status: u16) -> Result<Vec<Value>, Failure> {
    const CONNECTIONS: usize = 64;
    let count = requests.count();
    let bodies = Mutex::new(vec![None; count]);
    let each = Arc::new(Each { requests, status, bodies });
    Load::new(server, CONNECTIONS, Until::Requests(count as u64)).run(each.clone()).await?;
    let bodies = std::mem::take(&mut *each.bodies.lock().unwrap_or_else(PoisonError::into_inner));
    bodies.into_iter().map(|body| body.ok_or_else(|| format!("an answer is not {status}").into())).collect()
}

struct Each {
    requests: Prepared,
    status: u16,
    bodies: Mutex<Vec<Option<Value>>>,
}

impl Workload for Each {
    fn request(&self, turn: Turn, request: &mut Vec<u8>) -> bool {
        self.requests.request(turn, request)
    }

    fn answer(&self, turn: Turn, answer: &Answer<'_>) {
        let body = serde_json::from_slice(answer.body).ok().filter(|_| answer.status == self.status);
        let mut bodies = self.bodies.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = usize::try_from(turn.number).ok().and_then(|number| bodies.get_mut(number)) {
            *place = body;
        }
    }
}

struct Once {
    request: Fixed,
    reply: Mutex<Option<Reply>>,
}

impl Workload for Once {
    fn request(&self, turn: Turn, request: &mut Vec<u8>) -> bool {
        self.request.request(turn, request)
    }

    fn answer(&self, _: Turn, answer: &Answer<'_>) {
        let kept = KEPT.into_iter().filter_map(|name| Some((name, answer.header(name)?.to_owned())));
        let reply = Reply { status: answer.status, headers: kept.collect(), body: answer.body.to_vec() };
        *self.reply.lock().unwrap_or_else(PoisonError::into_inner) = Some(reply);
    }
}
