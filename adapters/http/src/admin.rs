//! The admin listener: what operators and their monitoring may know, and nobody else.

use std::sync::Arc;

use onsale_application::readiness::{Check, Readiness};
use poem::http::{HeaderValue, Method, header};
use poem::web::Json;
use poem::{Endpoint, EndpointExt, IntoResponse, Response, Route, get};
use serde::Serialize;

use crate::app::application;
use crate::middleware::Application;
use crate::routes::Routes;
use crate::settings::HttpSettings;

const METRICS_PATH: &str = "/metrics";
const HEALTH_PATH: &str = "/health/detail";
/// The text format of Prometheus, version 0.0.4.
const METRICS_TYPE: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// Writes the metrics of the process in the text format of Prometheus.
pub type RenderMetrics = Arc<dyn Fn() -> String + Send + Sync>;

/// How the process is, with each thing it depends on.
#[derive(Serialize)]
struct Detail {
    ready: bool,
    checks: Vec<CheckDetail>,
}

#[derive(Serialize)]
struct CheckDetail {
    name: &'static str,
    ok: bool,
    /// Whether requests can be served only while it is well.
    required: bool,
    detail: String,
    /// For how long it has not been well.
    #[serde(skip_serializing_if = "Option::is_none")]
    down_seconds: Option<i64>,
}

impl CheckDetail {
    fn new(check: Check, readiness: &Readiness) -> Self {
        let down_seconds = readiness.down_for(&check).map(|down| down.num_seconds());
        let Check { name, ok, required, detail, .. } = check;
        Self { name, ok, required, detail, down_seconds }
    }
}

/// `/metrics` and `/health/detail`, for [`serve`](crate::serve) on the admin address: it has no sign-in.
///
/// A metrics recorder must be installed before the first request. Needs a tokio runtime with time enabled.
#[must_use]
pub fn admin(
    readiness: Arc<Readiness>,
    render_metrics: RenderMetrics,
    settings: &HttpSettings,
) -> Application<impl Endpoint<Output = Response> + 'static> {
    let metrics = poem::endpoint::make_sync(move |_| metrics(render_metrics()));
    let health = poem::endpoint::make_sync(move |_| health(&readiness));
    let endpoint = Route::new().at(METRICS_PATH, get(metrics)).at(HEALTH_PATH, get(health));
    let routes = Routes::none().and(METRICS_PATH, &[Method::GET]).and(HEALTH_PATH, &[Method::GET]);
    application(endpoint.map_to_response(), routes, settings)
}

fn metrics(text: String) -> Response {
    let mut response = text.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, METRICS_TYPE);
    response
}

fn health(readiness: &Readiness) -> Response {
    let checks = readiness.checks().into_iter().map(|check| CheckDetail::new(check, readiness)).collect();
    let mut response = Json(Detail { ready: readiness.is_ready(), checks }).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use chrono::{DateTime, Utc};
    use onsale_application::ports::{Clock, Context, Ids, StoreHealth, StoreStatus, Unavailable};
    use poem::{Body, Request};
    use uuid::Uuid;

    use super::*;

    /// A store that is down.
    struct Down;

    #[async_trait]
    impl StoreHealth for Down {
        async fn status(&self) -> Result<StoreStatus, Unavailable> {
            Err(Unavailable::because("connection refused"))
        }
    }

    /// A world in which no time passes.
    struct Noon;

    impl Clock for Noon {
        fn now(&self) -> DateTime<Utc> {
            DateTime::UNIX_EPOCH
        }
    }

    impl Ids for Noon {
        fn new_id(&self) -> Uuid {
            Uuid::nil()
        }
    }

    async fn ask(path: &'static str) -> (String, Body) {
        let context = Context::new(Arc::new(Noon), Arc::new(Noon));
        let readiness = Arc::new(Readiness::new(Arc::new(Down), Vec::new(), context));
        readiness.look().await;
        let admin = admin(readiness, Arc::new(|| "onsale_up 1\n".to_owned()), &HttpSettings::default());
        let mut response = admin.call(Request::builder().uri_str(path).finish()).await.expect("an answer");
        (response.content_type().expect("a type").to_owned(), response.take_body())
    }

    #[tokio::test]
    async fn metrics_are_in_the_text_format() {
        let (content_type, body) = ask("/metrics").await;
        assert_eq!(content_type, "text/plain; version=0.0.4; charset=utf-8");
        assert_eq!(body.into_string().await.ok().as_deref(), Some("onsale_up 1\n"));
    }

    #[tokio::test]
    async fn each_dependency_is_named() {
        let (_, body) = ask("/health/detail").await;
        let detail: serde_json::Value = body.into_json().await.expect("JSON");
        assert_eq!(detail["ready"], false);
        let database = serde_json::json!({
            "name": "database", "ok": false, "required": true, "detail": "connection refused", "down_seconds": 0,
        });
        assert_eq!(detail["checks"][0], database);
    }
}
