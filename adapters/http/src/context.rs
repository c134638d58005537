//! What a handler may know about the request it serves, beside its parameters.

use std::fmt;
use std::net::IpAddr;

use poem::http::HeaderValue;
use poem::{FromRequest, Request, RequestBody};
use uuid::Uuid;

use crate::problem::Problem;

/// The longest request id taken over from a proxy, in bytes.
const GIVEN_ID_LIMIT: usize = 64;

/// The name of one request in logs, responses and problem documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestId {
    /// Made here: a version 7 UUID, so that ids sort by time.
    Made(Uuid),
    /// Taken over from a trusted proxy.
    Given(HeaderValue),
}

impl RequestId {
    /// A new id.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "a request id names a log line, nothing of the business")]
    pub fn make() -> Self {
        Self::Made(Uuid::now_v7())
    }

    /// Takes over a proxy's id if it is sane: 1–64 letters, digits, `-`, `_`, `.`.
    #[must_use]
    pub fn given(value: &HeaderValue) -> Option<Self> {
        let bytes = value.as_bytes();
        let is_sane = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        (!bytes.is_empty() && bytes.len() <= GIVEN_ID_LIMIT && bytes.iter().all(is_sane))
            .then(|| Self::Given(value.clone()))
    }

    /// The id as a header value.
    pub(crate) fn to_header(&self) -> HeaderValue {
        match self {
            Self::Made(id) => {
                let mut buffer = Uuid::encode_buffer();
                HeaderValue::from_str(id.hyphenated().encode_lower(&mut buffer)).expect("a UUID is visible ASCII")
            }
            Self::Given(value) => value.clone(),
        }
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Made(id) => fmt::Display::fmt(&id.hyphenated(), formatter),
            Self::Given(value) => formatter.write_str(value.to_str().unwrap_or_default()),
        }
    }
}

/// The request a handler serves: who asks, and under which name it is logged.
#[derive(Clone, Debug)]
pub struct RequestContext {
    /// The name of the request.
    pub id: RequestId,
    /// The client's address, seen through the trusted proxies.
    pub client: IpAddr,
    /// Whether the client's connection is encrypted, as far as this server can tell.
    pub is_https: bool,
}

impl<'a> FromRequest<'a> for RequestContext {
    async fn from_request(request: &'a Request, _body: &mut RequestBody) -> poem::Result<Self> {
        let missing = || Problem::internal("the endpoint runs outside of an application").into();
        request.data::<Self>().cloned().ok_or_else(missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sane_ids_are_taken_over() {
        let given = |text: &str| RequestId::given(&HeaderValue::from_str(text).expect("a header"));
        assert_eq!(given("edge-7.a_B").map(|id| id.to_string()).as_deref(), Some("edge-7.a_B"));
        assert_eq!(given(""), None);
        assert_eq!(given("with space"), None);
        assert_eq!(given("\"quoted\""), None);
        assert_eq!(given(&"a".repeat(GIVEN_ID_LIMIT + 1)), None);
    }

    #[test]
    fn header_and_text_are_the_same() {
        let id = RequestId::make();
        assert_eq!(id.to_header().to_str().ok(), Some(id.to_string().as_str()));
    }
}
