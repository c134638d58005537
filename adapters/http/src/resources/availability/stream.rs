//! The stream of one follower.

use std::io;

use bytes::Bytes;
use futures_util::{Stream, stream};
use onsale_application::ports::{Context, StreamClaims};
use poem_openapi::registry::{MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::objects::{AvailabilityDeltaEvent, AvailabilitySnapshotEvent};
use super::watch::{Following, News, Watch};
use crate::sse::Events;
use crate::stream_limit::StreamPermit;

/// Whether a follower may still see what is free.
pub(super) type IsAdmitted = Box<dyn Fn() -> bool + Send + Sync>;

/// Somebody who follows a performance.
pub(super) struct Follower {
    first: Option<Bytes>,
    news: broadcast::Receiver<News>,
    claims: StreamClaims,
    is_admitted: IsAdmitted,
    watch: Watch,
    context: Context,
    _permit: StreamPermit,
}

impl Follower {
    pub(super) fn new(
        (claims, is_admitted): (StreamClaims, IsAdmitted),
        following: Following,
        permit: StreamPermit,
        watch: Watch,
        context: Context,
    ) -> Self {
        let Following { first, news } = following;
        Self { first: Some(first), news, claims, is_admitted, watch, context, _permit: permit }
    }

    /// A snapshot, then the changes, until the ticket expires, the follower is not admitted any more, or nobody tells.
    pub(super) fn into_events(self) -> impl Stream<Item = io::Result<Bytes>> + Send + use<> {
        stream::unfold(self, |mut follower| async move {
            let event = follower.next().await?;
            Some((Ok(event), follower))
        })
    }

    /// The next event. Whether the ticket has expired is looked at whenever there is news, so without a timer for each
    /// follower, and at the latest with the next heartbeat.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        loop {
            let event = match self.news.recv().await {
                Ok(News::Event(event)) => Some(event),
                Ok(News::Check) => None,
                Err(RecvError::Lagged(_)) => Some(self.begin_anew()?),
                Err(RecvError::Closed) => return None,
            };
            if self.context.now() >= self.claims.expires_at || !(self.is_admitted)() {
                return None;
            }
            if event.is_some() {
                return event;
            }
        }
    }

    fn begin_anew(&mut self) -> Option<Bytes> {
        let Following { first, news } = self.watch.rejoin(self.claims.performance)?;
        self.news = news;
        Some(first)
    }
}

/// What a stream about what is free tells.
pub(crate) struct AvailabilityEvents;

impl Events for AvailabilityEvents {
    const EVENTS: &'static str = "Server-sent events: `snapshot` with an AvailabilitySnapshotEvent first, then `delta` \
         with an AvailabilityDeltaEvent at most five times a second. The `id` is epoch and version.";
    const ENDS: &'static str = "The stream; it ends when its address expires, the visit ends on which it is followed, or the server \
         stops.";

    fn data() -> Vec<MetaSchemaRef> {
        vec![AvailabilitySnapshotEvent::schema_ref(), AvailabilityDeltaEvent::schema_ref()]
    }

    fn register(registry: &mut Registry) {
        AvailabilitySnapshotEvent::register(registry);
        AvailabilityDeltaEvent::register(registry);
    }
}
