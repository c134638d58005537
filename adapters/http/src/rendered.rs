//! Responses that were rendered once and are sent many times.

use std::fmt::Write as _;
use std::marker::PhantomData;

use bytes::Bytes;
use poem::http::{HeaderValue, header};
use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::payload::{Json, Payload};
use poem_openapi::registry::{MetaHeader, MetaMediaType, MetaResponse, MetaResponses, Registry};
use poem_openapi::types::{ToJSON, Type};
use sha2::{Digest, Sha256};

use crate::middleware::{Precompressed, gzip};

/// From this size on a compressed form is kept too, in bytes: below it fits one packet anyway.
const COMPRESS_FROM_BYTES: usize = 1_024;

/// Bytes of the digest in an `ETag`: 128 bits, so that two bodies never share one.
const ETAG_BYTES: usize = 16;

/// The bytes of a response with their `ETag`, and compressed where it pays. Cloning copies no bytes.
#[derive(Clone, Debug)]
pub struct RenderedBody {
    plain: Bytes,
    etag: HeaderValue,
    precompressed: Option<Precompressed>,
}

impl RenderedBody {
    /// Renders `value` as JSON.
    #[must_use]
    pub fn json(value: &impl ToJSON) -> Self {
        Self::new(value.to_json_string())
    }

    /// Takes finished bytes.
    #[must_use]
    pub fn new(plain: impl Into<Bytes>) -> Self {
        let plain = plain.into();
        let digest = hexadecimal(&Sha256::digest(&plain)[..ETAG_BYTES]);
        let precompressed = (plain.len() >= COMPRESS_FROM_BYTES)
            .then(|| Precompressed { gzip: gzip(&plain).into(), etag: quoted(&format!("{digest}-gzip")) });
        Self { plain, etag: quoted(&digest), precompressed }
    }

    /// How much memory it keeps, in bytes; for weighing in a cache.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.plain.len() + self.precompressed.as_ref().map_or(0, |form| form.gzip.len())
    }

    pub(crate) fn into_response(self, content_type: &'static str) -> Response {
        let mut response = Response::builder().body(self.plain);
        response.headers_mut().reserve(16); // room for what the application adds: growing would hash all again
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        response.headers_mut().insert(header::ETAG, self.etag);
        if let Some(precompressed) = self.precompressed {
            response.set_data(precompressed);
        }
        response
    }
}

/// A `200` with a [`RenderedBody`] that holds a `T`, or the `304` for who has it already.
#[derive(Clone, Debug)]
pub struct Rendered<T> {
    body: RenderedBody,
    cache_control: HeaderValue,
    age_seconds: Option<u64>,
    payload: PhantomData<fn() -> T>,
}

impl<T> Rendered<T> {
    /// A response with this `Cache-Control`.
    #[must_use]
    pub fn new(body: RenderedBody, cache_control: &'static str) -> Self {
        let cache_control = HeaderValue::from_static(cache_control);
        Self { body, cache_control, age_seconds: None, payload: PhantomData }
    }

    /// Says that the body is stale: so many seconds have passed since it was read.
    #[must_use]
    pub fn aged(mut self, seconds: u64) -> Self {
        self.age_seconds = Some(seconds);
        self
    }
}

impl<T> IntoResponse for Rendered<T> {
    fn into_response(self) -> Response {
        let mut response = self.body.into_response(Json::<String>::CONTENT_TYPE);
        response.headers_mut().insert(header::CACHE_CONTROL, self.cache_control);
        if let Some(seconds) = self.age_seconds {
            response.headers_mut().insert(header::AGE, HeaderValue::from(seconds));
        }
        response
    }
}

impl<T: Type> ApiResponse for Rendered<T> {
    fn meta() -> MetaResponses {
        let content = vec![MetaMediaType { content_type: Json::<T>::CONTENT_TYPE, schema: T::schema_ref() }];
        let response = |status, description, content| MetaResponse {
            description,
            status: Some(status),
            status_range: None,
            content,
            headers: cache_headers(),
        };
        MetaResponses { responses: vec![response(200, "", content), response(304, "Not Modified", Vec::new())] }
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

fn cache_headers() -> Vec<MetaHeader> {
    let header = |name: &str, description: &str, required, schema| MetaHeader {
        name: name.to_owned(),
        description: Some(description.to_owned()),
        required,
        deprecated: false,
        schema,
    };
    vec![
        header("ETag", "Names these bytes; send it in If-None-Match.", true, String::schema_ref()),
        header("Cache-Control", "Who may keep it, and for how long.", true, String::schema_ref()),
        header("Age", "Seconds since it was read, when it is stale.", false, u64::schema_ref()),
    ]
}

fn quoted(tag: &str) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{tag}\"")).expect("hexadecimal digits are visible ASCII")
}

fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        write!(text, "{byte:02x}").expect("a string can always grow");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_bytes_have_equal_tags_and_the_compressed_form_its_own() {
        let body = RenderedBody::new("x".repeat(5_000));
        assert_eq!(body.etag, RenderedBody::new("x".repeat(5_000)).etag);
        assert_ne!(body.etag, RenderedBody::new("x".repeat(5_001)).etag);
        let compressed = body.precompressed.as_ref().expect("it pays");
        assert_ne!(compressed.etag, body.etag);
        assert_eq!(body.weight(), 5_000 + compressed.gzip.len());
        assert!(RenderedBody::new("small").precompressed.is_none());
    }

    #[test]
    fn the_bytes_are_not_copied() {
        let bytes = Bytes::from(vec![b'x'; 5_000]);
        assert_eq!(RenderedBody::new(bytes.clone()).clone().plain.as_ptr(), bytes.as_ptr());
    }
}
