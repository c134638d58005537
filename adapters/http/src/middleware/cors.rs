//! Cross-origin calls: which pages of other sites may use the API from a browser.

use poem::Response;
use poem::http::{HeaderMap, HeaderValue, Method, StatusCode, header};

const ALLOWED_METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
const ALLOWED_HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, idempotency-key, if-none-match, x-api-key, x-queue-pass, x-queue-token",
);
const EXPOSED_HEADERS: HeaderValue =
    HeaderValue::from_static("etag, retry-after, idempotent-replayed, x-request-id, date, age");
/// Seconds a browser may remember a preflight: two hours, the most that browsers honour.
const PREFLIGHT_SECONDS: HeaderValue = HeaderValue::from_static("7200");

/// Who may call.
#[derive(Clone, Debug)]
pub(crate) enum Cors {
    /// Only pages of the server itself.
    SameOrigin,
    /// Pages of every site.
    Anyone,
    /// Pages of these origins.
    Origins(Vec<HeaderValue>),
}

impl Cors {
    /// Reads the configured origins; one that cannot stand in a header matches nobody.
    pub(crate) fn new(origins: &[String]) -> Self {
        match origins {
            [] => Self::SameOrigin,
            origins if origins.iter().any(|origin| origin == "*") => Self::Anyone,
            origins => Self::Origins(origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect()),
        }
    }

    /// The answer to a preflight request, if this is one.
    pub(crate) fn preflight(&self, method: &Method, headers: &HeaderMap) -> Option<Response> {
        let is_preflight = method == Method::OPTIONS
            && headers.contains_key(header::ORIGIN)
            && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        if !is_preflight {
            return None;
        }
        let mut response = Response::builder().status(StatusCode::NO_CONTENT).finish();
        if self.allowed(headers.get(header::ORIGIN)).is_some() {
            let headers = response.headers_mut();
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, ALLOWED_METHODS);
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS);
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS);
        }
        Some(response)
    }

    /// Tells the browser whether the page of `origin` may read the response, and caches that it depends on it.
    pub(crate) fn mark(&self, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
        if matches!(self, Self::Origins(_)) {
            headers.append(header::VARY, HeaderValue::from(header::ORIGIN));
        }
        if let Some(allowed) = self.allowed(origin) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED_HEADERS);
        }
    }

    fn allowed(&self, origin: Option<&HeaderValue>) -> Option<HeaderValue> {
        let origin = origin?;
        match self {
            Self::SameOrigin => None,
            Self::Anyone => Some(HeaderValue::from_static("*")),
            Self::Origins(origins) => origins.contains(origin).then(|| origin.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOP: HeaderValue = HeaderValue::from_static("https://shop.example");

    fn preflight(cors: &Cors, origin: &'static str) -> HeaderMap {
        let request = HeaderMap::from_iter([
            (header::ORIGIN, HeaderValue::from_static(origin)),
            (header::ACCESS_CONTROL_REQUEST_METHOD, HeaderValue::from_static("POST")),
        ]);
        let mut response = cors.preflight(&Method::OPTIONS, &request).expect("a preflight");
        cors.mark(request.get(header::ORIGIN), response.headers_mut());
        response.headers().clone()
    }

    #[test]
    fn a_configured_origin_may_call_for_two_hours() {
        let headers = preflight(&Cors::new(&["https://shop.example".to_owned()]), "https://shop.example");
        assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], SHOP);
        assert_eq!(headers[header::ACCESS_CONTROL_MAX_AGE], "7200");
        assert_eq!(headers[header::VARY], "origin");
    }

    #[test]
    fn any_other_origin_is_not_named() {
        let headers = preflight(&Cors::new(&["https://shop.example".to_owned()]), "https://evil.example");
        assert!(!headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
        assert!(!headers.contains_key(header::ACCESS_CONTROL_ALLOW_METHODS));
        assert!(preflight(&Cors::new(&[]), "https://shop.example").is_empty());
    }

    #[test]
    fn a_star_allows_everyone_and_other_options_are_no_preflight() {
        let headers = preflight(&Cors::new(&["*".to_owned()]), "https://any.example");
        assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        assert!(Cors::new(&[]).preflight(&Method::OPTIONS, &HeaderMap::new()).is_none());
    }
}
