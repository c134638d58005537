//! Streams of server-sent events.

use std::io;
use std::marker::PhantomData;
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use poem::http::{HeaderName, HeaderValue, header};
use poem::{Body, IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::ToJSON;

/// Between two signs of life on a stream: less than the half minute after which many proxies close a quiet one.
pub(crate) const HEARTBEAT_EVERY: Duration = Duration::from_secs(15);
/// Keeps proxies from closing a quiet stream; a comment, which clients skip.
pub(crate) const HEARTBEAT: Bytes = Bytes::from_static(b": heartbeat\n\n");

const CONTENT_TYPE: &str = "text/event-stream";
/// Tells a proxy not to collect the stream before it hands it on.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// One event, in the event stream format of the HTML standard, section 9.2.6. JSON has no line breaks of its own.
pub(crate) fn event(name: &str, id: impl std::fmt::Display, data: &impl ToJSON) -> Bytes {
    format!("event: {name}\nid: {id}\ndata: {}\n\n", data.to_json_string()).into()
}

/// What a kind of stream tells, for the API description.
pub(crate) trait Events {
    /// Which events it has, in a sentence or two.
    const EVENTS: &'static str;
    /// When it ends.
    const ENDS: &'static str;

    /// The schemas of their data.
    fn data() -> Vec<MetaSchemaRef>;

    /// Registers them.
    fn register(registry: &mut Registry);
}

/// A stream of the events `E`.
pub(crate) struct EventStream<E> {
    body: Body,
    events: PhantomData<fn() -> E>,
}

impl<E> EventStream<E> {
    pub(crate) fn new(events: impl Stream<Item = io::Result<Bytes>> + Send + 'static) -> Self {
        Self { body: Body::from_bytes_stream(events), events: PhantomData }
    }
}

impl<E: Send> IntoResponse for EventStream<E> {
    fn into_response(self) -> Response {
        let mut response = Response::builder().body(self.body);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
        response
    }
}

impl<E: Events> ApiResponse for EventStream<E> {
    fn meta() -> MetaResponses {
        let schema = MetaSchema { description: Some(E::EVENTS), any_of: E::data(), ..MetaSchema::ANY };
        let schema = MetaSchemaRef::Inline(Box::new(schema));
        let response = MetaResponse {
            description: E::ENDS,
            status: Some(200),
            status_range: None,
            content: vec![MetaMediaType { content_type: CONTENT_TYPE, schema }],
            headers: Vec::new(),
        };
        MetaResponses { responses: vec![response] }
    }

    fn register(registry: &mut Registry) {
        E::register(registry);
    }
}
