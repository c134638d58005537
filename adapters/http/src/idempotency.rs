//! Asking again without doing again: the `Idempotency-Key` of a request, and the answer that says so.

use onsale_application::ports::IdempotencyKey;
use poem::http::{HeaderName, HeaderValue, StatusCode};
use poem::{IntoResponse, Request, RequestBody, Response};
use poem_openapi::payload::{Json, Payload};
use poem_openapi::registry::{
    MetaHeader, MetaMediaType, MetaParamIn, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry,
};
use poem_openapi::types::{ToJSON, Type};
use poem_openapi::{ApiExtractor, ApiExtractorType, ApiResponse, ExtractParamOptions};
use sha2::{Digest, Sha256};

use crate::headers::sent;
use crate::problem::{Code, Problem};

const HEADER: &str = "Idempotency-Key";
const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// The most characters of a key, as the description says; the application decides.
const KEY_LIMIT: usize = 255;

/// What makes two requests the same: method, path and the members of the body that are understood.
///
/// White space, the order of members and members that mean nothing here do not count; of a payment or a refund the
/// whole body does.
pub(crate) struct RequestDigest(Sha256);

impl RequestDigest {
    /// Of a call; the values of its path parameters are parts.
    pub(crate) fn of(method: &str, path: &str) -> Self {
        Self(Sha256::new()).part(method).part(path)
    }

    /// Adds a part, with its length before it so that no two requests run together.
    pub(crate) fn part(mut self, part: impl AsRef<[u8]>) -> Self {
        let part = part.as_ref();
        self.0.update((part.len() as u64).to_be_bytes());
        self.0.update(part);
        self
    }

    /// Adds a list of numbers.
    pub(crate) fn numbers(mut self, numbers: &[u32]) -> Self {
        self.0.update((numbers.len() as u64).to_be_bytes());
        for number in numbers {
            self.0.update(number.to_be_bytes());
        }
        self
    }

    fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

/// The key of a call that can do without one.
#[derive(Debug)]
pub(crate) struct OptionalKey(Option<String>);

impl OptionalKey {
    /// The key for the request that `digest` describes.
    ///
    /// # Errors
    /// `invalid_request` for a key that is none.
    pub(crate) fn of(self, digest: impl FnOnce() -> RequestDigest) -> Result<Option<IdempotencyKey>, Problem> {
        self.0.map(|key| named(&key, digest())).transpose()
    }
}

/// The key of a call that moves money: such a call must be safe to repeat.
#[derive(Debug)]
pub(crate) struct RequiredKey(String);

impl RequiredKey {
    /// The key for the request that `digest` describes.
    ///
    /// # Errors
    /// `invalid_request` for a key that is none.
    pub(crate) fn of(self, digest: RequestDigest) -> Result<IdempotencyKey, Problem> {
        named(&self.0, digest)
    }
}

fn named(key: &str, digest: RequestDigest) -> Result<IdempotencyKey, Problem> {
    IdempotencyKey::new(key, digest.finish()).map_err(|error| Problem::invalid(HEADER, error.to_string()))
}

fn schema() -> MetaSchema {
    MetaSchema {
        min_length: Some(1),
        max_length: Some(KEY_LIMIT),
        pattern: Some("^[!-~]+$".to_owned()),
        ..MetaSchema::new("string")
    }
}

macro_rules! key_headers {
    ($($name:ident, required: $required:literal, from: $from:expr;)*) => {$(
        impl<'a> ApiExtractor<'a> for $name {
            const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::Parameter];
            const PARAM_IS_REQUIRED: bool = $required;

            type ParamType = String;
            type ParamRawType = String;

            fn param_in() -> Option<MetaParamIn> {
                Some(MetaParamIn::Header)
            }

            fn param_schema_ref() -> Option<MetaSchemaRef> {
                Some(MetaSchemaRef::Inline(Box::new(schema())))
            }

            async fn from_request(
                request: &'a Request,
                _body: &mut RequestBody,
                _options: ExtractParamOptions<Self::ParamType>,
            ) -> poem::Result<Self> {
                Ok($from(sent(request, HEADER)?.map(str::to_owned))?)
            }
        }
    )*};
}

key_headers! {
    OptionalKey, required: false, from: |key| Ok::<_, Problem>(Self(key));
    RequiredKey, required: true, from: |key: Option<_>| key.map(Self).ok_or(Problem::new(Code::IdempotencyKeyRequired));
}

/// Something was made, now or by an earlier request with the same key.
#[derive(Debug)]
pub(crate) struct Created<T> {
    /// What was made.
    body: T,
    /// Whether this is an earlier request's answer again.
    replayed: bool,
}

impl<T> Created<T> {
    /// Made by this request, or `replayed`.
    pub(crate) fn new(body: T, replayed: bool) -> Self {
        Self { body, replayed }
    }
}

impl<T: ToJSON> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.body).into_response();
        response.set_status(StatusCode::CREATED);
        if self.replayed {
            response.headers_mut().insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}

/// By hand: poem-openapi's macro puts the names of headers in capitals.
impl<T: ToJSON> ApiResponse for Created<T> {
    fn meta() -> MetaResponses {
        let replayed = MetaHeader {
            name: "Idempotent-Replayed".to_owned(),
            description: Some("`true` when an earlier request made it and this is its answer again.".to_owned()),
            required: false,
            deprecated: false,
            schema: bool::schema_ref(),
        };
        let response = MetaResponse {
            description: "Made, now or by an earlier request with the same `Idempotency-Key`.",
            status: Some(StatusCode::CREATED.as_u16()),
            status_range: None,
            content: vec![MetaMediaType { content_type: Json::<T>::CONTENT_TYPE, schema: T::schema_ref() }],
            headers: vec![replayed],
        };
        MetaResponses { responses: vec![response] }
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(seats: &[u32]) -> [u8; 32] {
        RequestDigest::of("POST", "/v1/reservations").part("p").numbers(seats).finish()
    }

    #[test]
    fn a_digest_tells_requests_apart() {
        assert_eq!(digest(&[1, 2]), digest(&[1, 2]));
        assert_ne!(digest(&[1, 2]), digest(&[2, 1]));
        let parts = |parts: [&str; 2]| RequestDigest::of("POST", "/").part(parts[0]).part(parts[1]).finish();
        assert_ne!(parts(["ab", "c"]), parts(["a", "bc"]));
    }

    async fn required(keys: &[&str]) -> Result<String, Code> {
        let mut request = Request::builder();
        for key in keys {
            request = request.header(HEADER, *key);
        }
        let (request, mut body) = request.finish().split();
        let key = RequiredKey::from_request(&request, &mut body, ExtractParamOptions::default()).await;
        let code = |error: &poem::Error| error.downcast_ref::<Problem>().expect("a problem").code();
        let key = key.map_err(|error| code(&error))?.of(RequestDigest::of("POST", "/"));
        key.map(|key| key.as_str().to_owned()).map_err(|problem| problem.code())
    }

    #[tokio::test]
    async fn a_key_is_one_visible_word() {
        assert_eq!(required(&["order-7"]).await.as_deref(), Ok("order-7"));
        assert_eq!(required(&[]).await, Err(Code::IdempotencyKeyRequired));
        let long = "k".repeat(KEY_LIMIT + 1);
        for wrong in [&["two words"][..], &["schlüssel"], &[""], &[&long], &["one", "two"]] {
            assert_eq!(required(wrong).await, Err(Code::InvalidRequest), "{wrong:?}");
        }
    }

    #[test]
    fn only_a_replay_says_that_it_is_one() {
        let header = |answer: Created<u32>| answer.into_response().header(IDEMPOTENT_REPLAYED).map(str::to_owned);
        assert_eq!(header(Created::new(1, false)), None);
        assert_eq!(header(Created::new(1, true)).as_deref(), Some("true"));
    }
}
