//! Puts the API, its documentation and everything around them together.

use std::sync::Arc;

use poem::endpoint::BoxEndpoint;
use poem::http::{HeaderValue, Method, header};
use poem::{Endpoint, IntoEndpoint, IntoResponse, PathPattern, Request, Response};
use poem_openapi::{OpenApi, OpenApiService};

use crate::middleware::Application;
use crate::problem::{Code, Problem};
use crate::rendered::RenderedBody;
use crate::routes::Routes;
use crate::settings::HttpSettings;

/// Where the documentation can be browsed.
const DOCS_PATH: &str = "/docs";
/// Where the OpenAPI document is.
const DOCUMENT_PATH: &str = "/openapi.json";
/// Swagger UI is one page with its scripts and styles inside; it calls the API it documents and nothing else.
const DOCS_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src 'self' data:; \
     connect-src 'self'; frame-ancestors 'none'",
);

/// Puts around `endpoint` what every request needs: request id, access log, metrics, limits, client address, CORS,
/// security headers, problem documents, compression and conditional requests.
///
/// A metrics recorder must be installed before the first request. Needs a tokio runtime with time enabled.
#[must_use]
pub fn application<E: Endpoint>(endpoint: E, routes: Routes, settings: &HttpSettings) -> Application<E> {
    Application::new(endpoint, routes, settings)
}

/// An API together with its OpenAPI document and the page to browse it.
pub struct Documented {
    api: BoxEndpoint<'static>,
    document: RenderedBody,
    page: RenderedBody,
    paths: [PathPattern; 2],
}

/// Adds `/docs` and `/openapi.json` to an API, and lists its routes.
#[must_use]
pub fn documented<Api: OpenApi + 'static>(service: OpenApiService<Api, ()>) -> (Documented, Routes) {
    let get = [Method::GET];
    let routes = Routes::of::<Api>().and(DOCS_PATH, &get).and(DOCUMENT_PATH, &get);
    let documented = Documented {
        document: RenderedBody::new(service.spec()),
        page: RenderedBody::new(service.swagger_ui_html()),
        paths: [DOCS_PATH, DOCUMENT_PATH].map(|path| PathPattern(Arc::from(path))),
        api: service.into_endpoint(),
    };
    (documented, routes)
}

impl Documented {
    fn page(&self) -> Response {
        let mut response = self.page.clone().into_response("text/html; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, DOCS_POLICY);
        response
    }

    fn document(&self) -> Response {
        self.document.clone().into_response("application/json")
    }

    fn read(request: &Request, path: &PathPattern, respond: impl Fn() -> Response) -> poem::Result<Response> {
        if request.method() != Method::GET {
            let mut error = poem::Error::from(Problem::new(Code::MethodNotAllowed));
            error.set_data(path.clone());
            return Err(error);
        }
        let mut response = respond();
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        response.set_data(path.clone());
        Ok(response)
    }
}

impl Endpoint for Documented {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        match request.uri().path() {
            DOCS_PATH => Self::read(&request, &self.paths[0], || self.page()),
            DOCUMENT_PATH => Self::read(&request, &self.paths[1], || self.document()),
            _ => self.api.call(request).await.map(IntoResponse::into_response),
        }
    }
}
