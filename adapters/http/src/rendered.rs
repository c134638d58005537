//! Responses that were rendered once and are sent many times.

use std::fmt::Write as _;
use std::io::Write as _;
use std::marker::PhantomData;

use bytes::Bytes;
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
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

/// The most bytes of a stored block of a `DEFLATE` stream.
const STORED_LIMIT: usize = u16::MAX as usize;
/// The head of a gzip file: `DEFLATE`, nothing else said (RFC 1952, 2.3).
const GZIP_HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// The head of a stored block that is the last (RFC 1951, 3.2.4).
const LAST_STORED_BLOCK: u8 = 1;

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

/// A JSON object that many get, each with one member of its own: rendered, digested and compressed once.
///
/// The compressed form is a `DEFLATE` stream flushed to a whole byte (RFC 1951, 3.2.4), so that the member can follow it as
/// a stored block, and the checksums of both combine.
#[derive(Debug)]
pub(crate) struct SharedObject {
    /// All but the closing brace.
    open: Bytes,
    digest: [u8; ETAG_BYTES],
    deflated: Bytes,
    checksum: Crc,
}

impl SharedObject {
    /// Renders an object that is not empty.
    pub(crate) fn json(object: &impl ToJSON) -> Self {
        let mut open = object.to_json_string();
        open.pop();
        let mut digest = [0; ETAG_BYTES];
        digest.copy_from_slice(&Sha256::digest(&open)[..ETAG_BYTES]);
        let mut checksum = Crc::new();
        checksum.update(open.as_bytes());
        Self { digest, deflated: deflate_start(open.as_bytes()).into(), checksum, open: open.into() }
    }

    /// The object with one more member.
    pub(crate) fn with(&self, member: &str, value: &str) -> RenderedBody {
        let rest = format!(",\"{member}\":{}}}", serde_json::Value::from(value));
        let digest = hexadecimal(&Sha256::new().chain_update(self.digest).chain_update(&rest).finalize()[..ETAG_BYTES]);
        let plain: Bytes = [&self.open, rest.as_bytes()].concat().into();
        let precompressed = (plain.len() >= COMPRESS_FROM_BYTES && rest.len() <= STORED_LIMIT)
            .then(|| Precompressed { gzip: self.gzip_with(&rest), etag: quoted(&format!("{digest}-gzip")) });
        RenderedBody { plain, etag: quoted(&digest), precompressed }
    }

    /// The file format of RFC 1952.
    fn gzip_with(&self, rest: &str) -> Bytes {
        let length = u16::try_from(rest.len()).unwrap_or(u16::MAX);
        let mut of_rest = Crc::new();
        of_rest.update(rest.as_bytes());
        let mut checksum = Crc::new();
        checksum.combine(&self.checksum);
        checksum.combine(&of_rest);
        let mut gzip = Vec::with_capacity(GZIP_HEAD.len() + self.deflated.len() + rest.len() + 16);
        gzip.extend_from_slice(&GZIP_HEAD);
        gzip.extend_from_slice(&self.deflated);
        gzip.push(LAST_STORED_BLOCK);
        gzip.extend_from_slice(&length.to_le_bytes());
        gzip.extend_from_slice(&(!length).to_le_bytes());
        gzip.extend_from_slice(rest.as_bytes());
        gzip.extend_from_slice(&checksum.sum().to_le_bytes());
        gzip.extend_from_slice(&checksum.amount().to_le_bytes());
        gzip.into()
    }
}

/// The beginning of a `DEFLATE` stream that ends on a whole byte.
fn deflate_start(plain: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::with_capacity(plain.len() / 4 + 64), Compression::fast());
    encoder.write_all(plain).and_then(|()| encoder.flush()).expect("writing into memory cannot fail");
    encoder.get_ref().clone()
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

/// Bytes in hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        write!(text, "{byte:02x}").expect("a string can always grow");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::io::Read as _;

    use super::*;

    type Members = HashMap<String, String>;

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
    fn an_object_that_is_shared_is_whole_with_each_member() {
        let shared =
            SharedObject::json(&vec![("seats".to_owned(), "x".repeat(5_000))].into_iter().collect::<Members>());
        let body = shared.with("events_url", "/a?ticket=\"1\"");
        let plain: serde_json::Value = serde_json::from_slice(&body.plain).expect("JSON");
        assert_eq!(
            (&plain["events_url"], plain["seats"].as_str().map(str::len)),
            (&"/a?ticket=\"1\"".into(), Some(5_000))
        );
        let form = body.precompressed.as_ref().expect("it pays");
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(&*form.gzip).read_to_end(&mut unpacked).expect("a whole file");
        assert_eq!(unpacked, body.plain);
        assert!(form.gzip.len() < 300, "{}", form.gzip.len());
        assert_eq!(shared.with("events_url", "/a?ticket=\"1\"").etag, body.etag);
        assert_ne!(shared.with("events_url", "/b").etag, body.etag);
    }

    #[test]
    fn the_bytes_are_not_copied() {
        let bytes = Bytes::from(vec![b'x'; 5_000]);
        assert_eq!(RenderedBody::new(bytes.clone()).clone().plain.as_ptr(), bytes.as_ptr());
    }
}
