//! A reader of event streams.

use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::Value;
use tokio::time::timeout;

use super::Api;

/// How long an event may take: longer than any hold of these tests, and shorter than the pause between sweeps.
const LIMIT: Duration = Duration::from_secs(15);

/// An event as it was sent.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) data: Value,
}

/// An open stream.
pub(crate) struct Events {
    response: Response,
    buffer: String,
}

impl Events {
    /// Opens the stream at an `events_url`.
    pub(crate) async fn open(api: &Api, url: &str) -> Self {
        let response = api.request(Method::GET, url).send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, buffer: String::new() }
    }

    /// The next event; nothing when the stream has ended.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        timeout(LIMIT, self.read()).await.expect("an event comes in time")
    }

    async fn read(&mut self) -> Option<Event> {
        loop {
            if let Some(end) = self.buffer.find("\n\n") {
                let block: String = self.buffer.drain(..end + 2).collect();
                match parsed(&block) {
                    Some(event) => return Some(event),
                    None => continue, // a heartbeat
                }
            }
            let chunk = self.response.chunk().await.unwrap()?;
            self.buffer.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}

fn parsed(block: &str) -> Option<Event> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let data = serde_json::from_str(field("data")?).unwrap();
    Some(Event { name: field("event").unwrap().to_owned(), id: field("id").unwrap().to_owned(), data })
}
