//! Headers that tell browsers to be careful.

use poem::http::{HeaderMap, HeaderValue, header};

const NO_SNIFFING: HeaderValue = HeaderValue::from_static("nosniff");
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");
/// An API answer loads nothing and is shown nowhere. A page with other needs brings its own policy.
const NO_CONTENT: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// The security headers of every response.
#[derive(Clone, Debug)]
pub(crate) struct SecurityHeaders {
    strict_transport: Option<HeaderValue>,
}

impl SecurityHeaders {
    /// With `Strict-Transport-Security` of so many seconds, unless 0.
    pub(crate) fn new(strict_transport_seconds: u64) -> Self {
        let value = format!("max-age={strict_transport_seconds}; includeSubDomains");
        let value = HeaderValue::from_str(&value).expect("digits are visible ASCII");
        Self { strict_transport: (strict_transport_seconds > 0).then_some(value) }
    }

    /// Adds them; a policy the response brings itself stays.
    pub(crate) fn mark(&self, headers: &mut HeaderMap) {
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, NO_SNIFFING);
        headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(NO_CONTENT);
        headers.entry(header::REFERRER_POLICY).or_insert(NO_REFERRER);
        if let Some(value) = &self.strict_transport {
            headers.insert(header::STRICT_TRANSPORT_SECURITY, value.clone());
        }
    }
}
