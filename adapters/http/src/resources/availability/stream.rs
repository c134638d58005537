//! The stream of one follower.

use std::io;

use bytes::Bytes;
use futures_util::{Stream, stream};
use onsale_application::ports::{Context, StreamClaims};
use poem::http::{HeaderName, HeaderValue, header};
use poem::{Body, IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::limits::StreamPermit;
use super::objects::{AvailabilityDeltaEvent, AvailabilitySnapshotEvent};
use super::watch::{Following, Watch};

const CONTENT_TYPE: &str = "text/event-stream";
/// Tells a proxy not to collect the stream before it hands it on.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Somebody who follows a performance.
pub(super) struct Follower {
    first: Option<Bytes>,
    news: broadcast::Receiver<Bytes>,
    claims: StreamClaims,
    watch: Watch,
    context: Context,
    _permit: StreamPermit,
}

impl Follower {
    pub(super) fn new(
        claims: StreamClaims,
        following: Following,
        permit: StreamPermit,
        watch: Watch,
        context: Context,
    ) -> Self {
        let Following { first, news } = following;
        Self { first: Some(first), news, claims, watch, context, _permit: permit }
    }

    /// A snapshot, then the changes, until the ticket expires or nobody tells any more.
    pub(super) fn into_events(self) -> impl Stream<Item = io::Result<Bytes>> + Send + use<> {
        stream::unfold(self, |mut follower| async move {
            let event = follower.next().await?;
            Some((Ok(event), follower))
        })
    }

    /// The next event. Whether the ticket has expired is looked at whenever there is one, so without a timer for each
    /// follower, and at the latest with the next heartbeat.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        let event = match self.news.recv().await {
            Ok(event) => event,
            Err(RecvError::Lagged(_)) => self.begin_anew()?,
            Err(RecvError::Closed) => return None,
        };
        (self.context.now() < self.claims.expires_at).then_some(event)
    }

    fn begin_anew(&mut self) -> Option<Bytes> {
        let Following { first, news } = self.watch.rejoin(self.claims.performance)?;
        self.news = news;
        Some(first)
    }
}

/// A stream of server-sent events about what is free.
pub(crate) struct EventStream(Body);

impl EventStream {
    pub(super) fn new(events: impl Stream<Item = io::Result<Bytes>> + Send + 'static) -> Self {
        Self(Body::from_bytes_stream(events))
    }
}

impl IntoResponse for EventStream {
    fn into_response(self) -> Response {
        let mut response = Response::builder().body(self.0);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
        response
    }
}

impl ApiResponse for EventStream {
    fn meta() -> MetaResponses {
        let data = [AvailabilitySnapshotEvent::schema_ref(), AvailabilityDeltaEvent::schema_ref()];
        let schema = MetaSchema {
            description: Some(
                "Server-sent events: `snapshot` with an AvailabilitySnapshotEvent first, then `delta` with an \
                 AvailabilityDeltaEvent at most five times a second. The `id` is epoch and version.",
            ),
            any_of: data.to_vec(),
            ..MetaSchema::ANY
        };
        let content =
            vec![MetaMediaType { content_type: CONTENT_TYPE, schema: MetaSchemaRef::Inline(Box::new(schema)) }];
        let response = MetaResponse {
            description: "The stream; it ends when its address expires or the server stops.",
            status: Some(200),
            status_range: None,
            content,
            headers: Vec::new(),
        };
        MetaResponses { responses: vec![response] }
    }

    fn register(registry: &mut Registry) {
        AvailabilitySnapshotEvent::register(registry);
        AvailabilityDeltaEvent::register(registry);
    }
}
