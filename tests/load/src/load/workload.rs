//! What is asked.

use super::Answer;

/// Which request is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The connection, from 0.
    pub connection: usize,
    /// The request among those of all connections, from 0; each number is asked once.
    pub number: u64,
}

/// Requests to make, and a look at the answers.
///
/// Both are called between requests on the thread that drives the connections, so they must be cheap: render before
/// the load starts, copy here.
pub trait Workload: Send + Sync + 'static {
    /// Appends a whole request to the empty `request`. `false` ends this connection.
    fn request(&self, turn: Turn, request: &mut Vec<u8>) -> bool;

    /// Looks at the answer to that request.
    fn answer(&self, turn: Turn, answer: &Answer<'_>) {
        let _ = (turn, answer);
    }
}

impl<F: Fn(Turn, &mut Vec<u8>) -> bool + Send + Sync + 'static> Workload for F {
    fn request(&self, turn: Turn, request: &mut Vec<u8>) -> bool {
        self(turn, request)
    }
}

/// The same request again and again.
#[derive(Clone, Debug)]
pub struct Fixed(Vec<u8>);

impl Fixed {
    /// `GET` of a path with these headers.
    #[must_use]
    pub fn get(path: &str, headers: &[(&str, &str)]) -> Self {
        Self::request("GET", path, headers, b"")
    }

    /// A request with these headers; a body is JSON.
    #[must_use]
    pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Self {
        let mut request = Vec::new();
        write_request(&mut request, method, path, headers, body);
        Self(request)
    }
}

impl Workload for Fixed {
    fn request(&self, _: Turn, request: &mut Vec<u8>) -> bool {
        request.extend_from_slice(&self.0);
        true
    }
}

/// Appends a request for this machine; a body is JSON.
pub fn write_request(request: &mut Vec<u8>, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) {
    let mut append = |parts: &[&str]| parts.iter().for_each(|part| request.extend_from_slice(part.as_bytes()));
    append(&[method, " ", path, " HTTP/1.1\r\nhost: localhost\r\n"]);
    for (name, value) in headers {
        append(&[name, ": ", value, "\r\n"]);
    }
    if method != "GET" {
        append(&["content-type: application/json\r\ncontent-length: ", &body.len().to_string(), "\r\n"]);
    }
    append(&["\r\n"]);
    request.extend_from_slice(body);
}
