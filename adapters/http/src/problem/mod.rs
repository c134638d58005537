//! Problem documents (RFC 9457): the one shape of every error.

mod code;
mod declare;
mod framework;

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::time::Duration;

use poem::error::ResponseError;
use poem::http::{HeaderValue, StatusCode, header};
use poem::{IntoResponse, Response};
use poem_openapi::types::ToJSON;
use serde_json::{Map, Value};

pub use self::code::{BODY, CUSTOMER, Code, EVERY, IDEMPOTENT, KEYED, MANAGER, OPERATOR, QUEUE, SIGNED_IN, TENANT};
pub use self::declare::{CONTENT_TYPE, Declared, declare, register};
pub(crate) use self::framework::{BodyLimitExceeded, problem_of};
use crate::context::RequestId;

/// How long a caller is asked to wait when this server cannot serve it now. A queue is cleared in a fraction of a
/// second; asked to come back sooner, the callers that were turned away would only fill it again.
pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Why a request was refused: a code, and what helps the caller to go on.
///
/// Travels as a [`poem::Error`] up to the application, which adds `instance` and writes the document.
#[derive(Clone, Debug)]
pub struct Problem(Box<Parts>);

#[derive(Clone, Debug)]
struct Parts {
    code: Code,
    detail: Option<Cow<'static, str>>,
    members: Map<String, Value>,
    retry_after: Option<Duration>,
    allow: Option<HeaderValue>,
    cause: Option<String>,
}

impl Problem {
    /// A problem with nothing but its code; one of ours that may soon be over (503) says when to try again.
    #[must_use]
    pub fn new(code: Code) -> Self {
        let (detail, allow, cause) = (None, None, None);
        let retry_after = (code.status_code() == StatusCode::SERVICE_UNAVAILABLE).then_some(RETRY_AFTER);
        Self(Box::new(Parts { code, detail, members: Map::new(), retry_after, allow, cause }))
    }

    /// A failure of ours. `cause` goes to the log under the request id, never to the caller.
    #[must_use]
    pub fn internal(cause: impl fmt::Display) -> Self {
        Self::new(Code::Internal).caused_by(cause)
    }

    /// A member of the request that cannot be accepted: `field` names it, `detail` says what is allowed.
    #[must_use]
    pub fn invalid(field: &str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::InvalidRequest).detail(detail).with("field", &field)
    }

    /// What is particular about this occurrence, in a sentence for the caller.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Adds an extension member. A value that is absent (`None`) is left out.
    #[must_use]
    pub fn with(mut self, member: &'static str, value: &impl ToJSON) -> Self {
        if let Some(value) = value.to_json().filter(|value| !value.is_null()) {
            self.0.members.insert(member.to_owned(), value);
        }
        self
    }

    /// When to try again: `retry_after_ms`, and `Retry-After` in whole seconds, rounded up.
    #[must_use]
    pub fn retry_after(mut self, delay: Duration) -> Self {
        self.0.retry_after = Some(delay);
        self
    }

    /// What went wrong inside, for the log only.
    #[must_use]
    pub fn caused_by(mut self, cause: impl fmt::Display) -> Self {
        self.0.cause = Some(cause.to_string());
        self
    }

    /// The methods a resource has, for the `Allow` header of a 405.
    #[must_use]
    pub(crate) fn allow(mut self, methods: HeaderValue) -> Self {
        self.0.allow = Some(methods);
        self
    }

    /// The code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// What went wrong inside, if anything was said.
    #[must_use]
    pub fn cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    /// The document as a response; `instance` is the request id.
    pub(crate) fn to_response(&self, instance: Option<&RequestId>) -> Response {
        let body = serde_json::to_vec(&self.document(instance)).expect("strings, numbers and lists always serialise");
        let mut response = Response::builder().status(self.0.code.status_code()).body(body);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(delay) = self.0.retry_after {
            headers
                .insert(header::RETRY_AFTER, HeaderValue::from(delay.as_secs() + u64::from(delay.subsec_nanos() > 0)));
        }
        if self.0.code.status_code() == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(methods) = &self.0.allow {
            headers.insert(header::ALLOW, methods.clone());
        }
        response
    }

    fn document(&self, instance: Option<&RequestId>) -> Map<String, Value> {
        let code = self.0.code;
        let mut document = Map::new();
        let mut say = |member: &str, value: Value| document.insert(member.to_owned(), value);
        say("type", code.type_uri().into());
        say("title", code.title().into());
        say("status", code.status().into());
        if let Some(detail) = &self.0.detail {
            say("detail", detail.as_ref().into());
        }
        say("code", code.as_str().into());
        if let Some(instance) = instance {
            say("instance", instance.to_string().into());
        }
        if let Some(delay) = self.0.retry_after {
            say("retry_after_ms", Value::from(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX)));
        }
        document.extend(self.0.members.iter().map(|(member, value)| (member.clone(), value.clone())));
        document
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.code.as_str())?;
        match self.0.detail.as_deref().or(self.cause()) {
            Some(text) => write!(formatter, ": {text}"),
            None => Ok(()),
        }
    }
}

impl Error for Problem {}

impl ResponseError for Problem {
    fn status(&self) -> StatusCode {
        self.0.code.status_code()
    }

    fn as_response(&self) -> Response {
        self.to_response(None)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.to_response(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn rendered(problem: Problem) -> (Response, Value) {
        let mut response = problem.to_response(Some(&RequestId::Given(HeaderValue::from_static("r-1"))));
        let body = response.take_body().into_json().await.expect("a document");
        (response, body)
    }

    #[tokio::test]
    async fn absent_members_are_left_out_and_present_ones_stand_beside_the_code() {
        let problem = Problem::new(Code::SeatsTaken)
            .detail("2 of the seats are taken")
            .with("conflicts", &vec![4_u32, 5])
            .with("waiting_room_id", &None::<String>);
        let (response, body) = rendered(problem).await;
        assert_eq!(response.status(), StatusCode::CONFLICT);
        assert_eq!(response.content_type(), Some("application/problem+json"));
        let expected = serde_json::json!({
            "type": "urn:onsale:problem:seats_taken", "title": "Some of the seats are taken", "status": 409,
            "detail": "2 of the seats are taken", "code": "seats_taken", "instance": "r-1", "conflicts": [4, 5],
        });
        assert_eq!(body, expected);
    }

    #[tokio::test]
    async fn retry_after_is_a_header_in_seconds_and_a_member_in_milliseconds() {
        let (response, body) = rendered(Problem::new(Code::Busy).retry_after(Duration::from_millis(1_001))).await;
        assert_eq!(response.header("retry-after"), Some("2"));
        assert_eq!(body["retry_after_ms"], 1_001);
    }

    #[tokio::test]
    async fn whatever_is_not_available_now_says_when_to_try_again() {
        for code in Code::ALL.iter().filter(|code| code.status() == 503) {
            let (response, body) = rendered(Problem::new(*code)).await;
            assert_eq!((response.header("retry-after"), &body["retry_after_ms"]), (Some("1"), &Value::from(1_000)));
        }
        assert!(rendered(Problem::new(Code::NotFound)).await.1.get("retry_after_ms").is_none());
    }

    #[tokio::test]
    async fn a_cause_is_never_shown() {
        let (_, body) = rendered(Problem::internal("password of the database")).await;
        assert!(!body.to_string().contains("password"));
    }

    #[test]
    fn codes_are_unique_and_in_snake_case() {
        let names: std::collections::BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        assert!(names.iter().all(|name| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')));
    }
}
