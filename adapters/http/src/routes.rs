//! The routes of the API: what they are called in logs and metrics, and which methods they have.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use poem::http::{HeaderValue, Method};
use poem_openapi::OpenApi;

use crate::middleware::RouteMetrics;

/// One path of the API.
#[derive(Debug)]
pub(crate) struct Route {
    /// The path as the API description writes it, `/v1/concerts/{concert_id}`.
    pub(crate) label: Arc<str>,
    /// Names of the path parameters, in order.
    pub(crate) parameters: Vec<String>,
    methods: Vec<Method>,
    /// The methods it has, as `Allow` lists them.
    pub(crate) allow: HeaderValue,
    pub(crate) metrics: RouteMetrics,
}

impl Route {
    fn new(path: &str, methods: &[Method]) -> Self {
        let label = Arc::<str>::from(path);
        let parameters = path
            .split('/')
            .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
            .map(str::to_owned)
            .collect();
        let metrics = RouteMetrics::new(Arc::clone(&label));
        Self { label, parameters, methods: methods.to_vec(), allow: allow_header(methods), metrics }
    }
}

/// Every route of an API, found by the pattern poem's router reports.
#[derive(Debug)]
pub struct Routes {
    by_pattern: HashMap<Arc<str>, Route>,
    unmatched: Route,
}

impl Routes {
    /// The routes an OpenAPI description names.
    #[must_use]
    pub fn of<Api: OpenApi>() -> Self {
        let mut routes = Self::none();
        for path in Api::meta().into_iter().flat_map(|api| api.paths) {
            let methods: Vec<_> = path.operations.iter().map(|operation| operation.method.clone()).collect();
            routes = routes.and(&path.path, &methods);
        }
        routes
    }

    /// No routes yet; whatever matches none counts as `unmatched`.
    #[must_use]
    pub fn none() -> Self {
        Self { by_pattern: HashMap::new(), unmatched: Route::new("unmatched", &[]) }
    }

    /// Adds a path, with parameters in braces, and its methods; a path that is there gains the methods.
    #[must_use]
    pub fn and(mut self, path: &str, methods: &[Method]) -> Self {
        let pattern = Arc::<str>::from(pattern_of(path));
        let known = self.by_pattern.get(&pattern).map(|route| route.methods.as_slice()).unwrap_or_default();
        let route = Route::new(path, &[known, methods].concat());
        self.by_pattern.insert(pattern, route);
        self
    }

    /// The route of a request that ended before the router had looked at its path. A literal segment goes before a
    /// parameter.
    pub(crate) fn matching(&self, path: &str) -> &Route {
        let candidates = self.by_pattern.iter().filter(|(pattern, _)| matches(pattern, path));
        let nearest = candidates.min_by_key(|(_, route)| route.parameters.len());
        nearest.map_or(&self.unmatched, |(_, route)| route)
    }

    pub(crate) fn find(&self, pattern: Option<&str>) -> &Route {
        pattern.and_then(|pattern| self.by_pattern.get(pattern)).unwrap_or(&self.unmatched)
    }
}

/// poem-openapi numbers path parameters: `/a/{b}/{c}` is routed as `/a/:param0/:param1`.
pub(crate) fn pattern_of(path: &str) -> String {
    let mut pattern = String::with_capacity(path.len() + 8);
    let mut parameters = 0;
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        if segment.starts_with('{') {
            write!(pattern, "/:param{parameters}").expect("a string can always grow");
            parameters += 1;
        } else {
            pattern.push('/');
            pattern.push_str(segment);
        }
    }
    if pattern.is_empty() { "/".to_owned() } else { pattern }
}

/// Whether a path is one of `pattern`.
fn matches(pattern: &str, path: &str) -> bool {
    let mut path = path.split('/').filter(|segment| !segment.is_empty());
    let mut pattern = pattern.split('/').filter(|segment| !segment.is_empty());
    let all = pattern.by_ref().all(|known| path.next().is_some_and(|given| known.starts_with(':') || known == given));
    all && path.next().is_none()
}

/// `GET` brings `HEAD` with it.
fn allow_header(methods: &[Method]) -> HeaderValue {
    let mut names: Vec<_> = methods.iter().map(Method::as_str).collect();
    if methods.contains(&Method::GET) {
        names.push("HEAD");
    }
    names.sort_unstable();
    names.dedup();
    HeaderValue::from_str(&names.join(", ")).expect("method names are visible ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_of_the_router_finds_the_path_of_the_description() {
        let path = "/v1/rooms/{room_id}/passes/{pass_id}/end";
        let routes = Routes::none().and(path, &[Method::POST]).and(path, &[Method::GET]).and("/", &[Method::GET]);
        let route = routes.find(Some("/v1/rooms/:param0/passes/:param1/end"));
        assert_eq!((&*route.label, route.parameters.as_slice()), (path, &["room_id".into(), "pass_id".into()][..]));
        assert_eq!(route.allow, "GET, HEAD, POST");
        assert_eq!(&*routes.find(Some("/")).label, "/");
        assert_eq!(&*routes.find(Some("/other")).label, "unmatched");
        assert_eq!(&*routes.find(None).label, "unmatched");
    }

    #[test]
    fn a_path_that_was_not_routed_finds_its_path_of_the_description() {
        let paths = ["/v1/sessions/{session_id}", "/v1/sessions/current", "/v1/sessions"];
        let routes = paths.iter().fold(Routes::none(), |routes, path| routes.and(path, &[Method::GET]));
        let label = |path: &str| routes.matching(path).label.to_string();
        assert_eq!(label("/v1/sessions/7"), "/v1/sessions/{session_id}");
        assert_eq!(label("/v1/sessions/current"), "/v1/sessions/current");
        assert_eq!(label("/v1/sessions/"), "/v1/sessions");
        assert_eq!(["/v1", "/v1/sessions/7/8", "/v2/sessions"].map(label), ["unmatched"; 3]);
    }
}
