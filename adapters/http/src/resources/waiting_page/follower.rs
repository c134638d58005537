//! The stream of one page: it tells how the line moves, and when to ask. Nothing that opens a door is in it.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, stream};
use onsale_application::ports::Context;
use onsale_application::waiting_room::{Glance, PlaceState, ReadStatus};
use poem_openapi::Object;
use poem_openapi::types::ToJSON;

use super::status::PageStatus;
use crate::resources::waiting_rooms::hub::{Following, Ring, Stage, retry_ms};
use crate::sse;
use crate::stream_limit::StreamPermit;

/// A sign of life that scripts see: a comment would keep the connection, but not tell the page that it works.
const HEARTBEAT: Bytes = Bytes::from_static(b"event: heartbeat\ndata:\n\n");
/// Over which time pages ask for the numbers that were drawn, in milliseconds; their streams begin again afterwards.
const DRAWN_SPREAD_MS: u64 = 5_000;

/// A page that follows a place.
pub(super) struct PageFollower {
    following: Following,
    place: Arc<ReadStatus>,
    context: Context,
    stage: Stage,
    /// The room's message, as the page knows it.
    message: Option<String>,
    _permit: StreamPermit,
}

/// What tells the page to ask.
#[derive(Debug, Object)]
#[oai(skip_serializing_if_is_none)]
struct Hint {
    /// At some moment within this time, in milliseconds; at once when absent.
    poll_after_ms: Option<u64>,
}

impl PageFollower {
    pub(super) fn new(following: Following, place: Arc<ReadStatus>, context: Context, permit: StreamPermit) -> Self {
        Self { following, place, context, stage: Stage::Begins, message: None, _permit: permit }
    }

    pub(super) fn into_events(self) -> impl Stream<Item = io::Result<Bytes>> + Send + use<> {
        stream::unfold(self, |mut follower| async move {
            let event = follower.next().await?;
            Some((Ok(event), follower))
        })
    }

    /// The next event; nothing once the last word was said or the token has expired.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            let ring = self.following.rung(self.stage, &self.context).await?;
            let message = self.following.room().terms().message.clone();
            let says_more = message != self.message;
            self.message = message;
            match ring {
                Ring::Beat if !says_more => return Some(self.beat()),
                Ring::Beat | Ring::Look => {
                    if let Some(event) = self.look(says_more) {
                        return Some(event);
                    }
                }
            }
        }
    }

    /// Tells the place, unless it was told already and the room says nothing else.
    fn look(&mut self, says_more: bool) -> Option<Bytes> {
        let glance = self.place.glance(self.following.room(), self.following.claims());
        match glance {
            None => Some(self.drawn()),
            Some(glance) if !says_more && self.following.bell.has_told(&glance) => None,
            Some(glance) => Some(self.tell(glance)),
        }
    }

    fn tell(&mut self, glance: Glance) -> Bytes {
        if glance.state == PlaceState::Admitted {
            return self.admitted(glance);
        }
        let report = self.place.peek(self.following.room(), self.following.claims(), self.context.random());
        let Some(report) = report else { return self.beat() };
        let glance = Glance { state: report.state, phase: report.phase, position: report.position };
        if glance.state == PlaceState::Admitted {
            return self.admitted(glance);
        }
        let is_over = glance.state.is_over();
        let retry_ms = (self.stage == Stage::Begins).then(|| retry_ms(&self.context));
        self.stage = if is_over { Stage::Over } else { Stage::GoesOn };
        self.following.bell.tells(Some(glance));
        self.event("status", &PageStatus::new(report, self.message.clone()), retry_ms)
    }

    /// The page asks with its cookie: that uses the pass, and brings the code for the way on.
    fn admitted(&mut self, glance: Glance) -> Bytes {
        self.stage = Stage::GoesOn;
        self.following.bell.tells(Some(glance));
        self.event("admitted", &Hint { poll_after_ms: None }, None)
    }

    /// The page asks, which brings a cookie with the number, and comes back with that.
    fn drawn(&mut self) -> Bytes {
        self.stage = Stage::Over;
        let retry_ms = DRAWN_SPREAD_MS + retry_ms(&self.context);
        self.event("status", &Hint { poll_after_ms: Some(DRAWN_SPREAD_MS) }, Some(retry_ms))
    }

    fn beat(&mut self) -> Bytes {
        self.stage = Stage::GoesOn;
        self.following.bell.tells(None);
        HEARTBEAT
    }

    fn event(&self, name: &str, data: &impl ToJSON, retry_ms: Option<u64>) -> Bytes {
        let event = sse::event(name, self.context.now().timestamp_millis(), data);
        match retry_ms {
            Some(retry_ms) => [format!("retry: {retry_ms}\n").as_bytes(), &event].concat().into(),
            None => event,
        }
    }
}
