//! What every request goes through, in one endpoint around the API.
//!
//! One wrapper instead of a layer per concern: each layer of poem costs a future, and some a second look at the same
//! headers. The order is: name the request, find the client, answer a preflight, limit the client, bound the body, run
//! the endpoint within its time, make a problem of an error, choose the form of the body, mark, log and count.

mod body;
mod client_address;
mod content;
mod cors;
mod departure;
mod metrics;
mod rate_limit;
mod security;

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use poem::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use poem::{Body, Endpoint, IntoResponse, PathPattern, Request, Response};

pub(crate) use self::client_address::TrustedProxies;
pub(crate) use self::content::{Precompressed, gzip};
pub(crate) use self::metrics::RouteMetrics;
pub(crate) use self::rate_limit::{ClientLimit, customer};

use self::cors::Cors;
use self::departure::Departure;
use self::metrics::InFlight;
use self::security::SecurityHeaders;
use crate::context::{RequestContext, RequestId};
use crate::problem::{Code, Problem, problem_of};
use crate::routes::{Route, Routes};
use crate::settings::{HttpLimits, HttpSettings};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The path that takes seating plans, whose bodies have a limit of their own.
const PLAN_PATH: &str = "/v1/seating-plans";

/// An API with everything around it; see [`application`](crate::application).
pub struct Application<E> {
    endpoint: E,
    routes: Routes,
    limits: HttpLimits,
    proxies: TrustedProxies,
    client_limit: Option<ClientLimit>,
    cors: Cors,
    security: SecurityHeaders,
    in_flight: InFlight,
    /// Whether every client reaches the server by https.
    is_https: bool,
}

/// What is kept of a request until its response is finished.
struct Asked {
    method: Method,
    context: RequestContext,
    origin: Option<HeaderValue>,
    if_none_match: Option<HeaderValue>,
    accepts_gzip: bool,
    may_be_left_unread: bool,
}

impl<E: Endpoint> Application<E> {
    pub(crate) fn new(endpoint: E, routes: Routes, settings: &HttpSettings) -> Self {
        let limits = settings.limits.clone();
        Self {
            endpoint,
            routes,
            proxies: TrustedProxies::new(settings.trusted_proxies.clone()),
            client_limit: ClientLimit::per_second(limits.client_requests_per_second, limits.client_burst),
            cors: Cors::new(&settings.allowed_origins),
            security: SecurityHeaders::new(settings.strict_transport_security_seconds),
            in_flight: InFlight::default(),
            is_https: settings.public_url.starts_with("https://"),
            limits,
        }
    }

    fn read(&self, request: &Request) -> Asked {
        let headers = request.headers();
        let peer = request.remote_addr().as_socket_addr().map(|peer| peer.ip().to_canonical());
        let peer = peer.unwrap_or(std::net::Ipv6Addr::UNSPECIFIED.into());
        let given = headers.get(X_REQUEST_ID).filter(|_| self.proxies.trusts(peer)).and_then(RequestId::given);
        Asked {
            method: request.method().clone(),
            context: RequestContext {
                id: given.unwrap_or_else(RequestId::make),
                client: self.proxies.client_address(peer, headers),
                is_https: self.is_https || self.proxies.says_https(peer, headers),
            },
            origin: headers.get(header::ORIGIN).cloned(),
            if_none_match: headers.get(header::IF_NONE_MATCH).cloned(),
            accepts_gzip: content::accepts_gzip(headers),
            may_be_left_unread: body::may_be_left_unread(request),
        }
    }

    async fn answer(&self, mut request: Request, asked: &Asked) -> poem::Result<Response> {
        if let Some(response) = self.cors.preflight(&asked.method, request.headers()) {
            return Ok(response);
        }
        self.admit(asked)?;
        let is_plan = request.uri().path() == PLAN_PATH;
        body::bound(&mut request, if is_plan { self.limits.plan_body_bytes } else { self.limits.body_bytes })?;
        if asked.method == Method::HEAD {
            request.set_method(Method::GET); // answered like GET; `finish` keeps the length and drops the body
        }
        request.set_data(asked.context.clone());
        self.run(request).await
    }

    /// Runs the endpoint within its time. A panic ends this request only.
    ///
    /// The endpoint's future is large and stays where it is: combinators would copy it into each other.
    async fn run(&self, request: Request) -> poem::Result<Response> {
        let mut running = pin!(async { self.endpoint.call(request).await.map(IntoResponse::into_response) });
        let guarded = poll_fn(|cx| {
            catch_unwind(AssertUnwindSafe(|| running.as_mut().poll(cx))).unwrap_or_else(|panic| {
                Poll::Ready(Err(Problem::internal(format_args!("panic: {}", message(&*panic))).into()))
            })
        });
        let in_time = tokio::time::timeout(self.limits.request_timeout(), guarded).await;
        in_time.unwrap_or_else(|_| Err(Problem::new(Code::RequestTimeout).into()))
    }

    fn admit(&self, asked: &Asked) -> Result<(), Problem> {
        let Some(limit) = &self.client_limit else { return Ok(()) };
        limit.check(asked.context.client).map_err(|wait| Problem::new(Code::RateLimited).retry_after(wait))
    }

    /// Makes a problem document of an error, unless it is a finished response.
    fn refuse(error: poem::Error, route: &Route, asked: &Asked) -> Response {
        if error.is_from_response() {
            return error.into_response();
        }
        let mut problem = problem_of(&error, &route.parameters);
        if problem.code() == Code::MethodNotAllowed {
            problem = problem.allow(route.allow.clone());
        }
        if let Some(cause) = problem.cause() {
            let (code, request_id) = (problem.code().as_str(), &asked.context.id);
            tracing::error!(code, cause, %request_id, route = &*route.label, "request failed");
        }
        problem.to_response(Some(&asked.context.id))
    }

    /// Chooses the form of the body and adds the headers that every response has; returns the length of the body.
    async fn finish(&self, response: &mut Response, asked: &Asked) -> Option<u64> {
        content::choose_precompressed(asked.accepts_gzip, response);
        content::skip_if_known(asked.if_none_match.as_ref().filter(|_| is_read(&asked.method)), response);
        let mut size = body::size(response);
        if size.is_some_and(|size| size >= self.limits.compress_from_bytes) {
            // boxed, so that small answers do not carry the room for it
            size = Box::pin(self.compress(response, asked, size)).await;
        }
        let refused = response.status().is_client_error() || response.status().is_server_error();
        let headers = response.headers_mut();
        headers.reserve(8);
        headers.insert(X_REQUEST_ID, asked.context.id.to_header());
        self.security.mark(headers);
        self.cors.mark(asked.origin.as_ref(), headers);
        if refused && asked.may_be_left_unread {
            // The connection ends with this answer, and a client that is not told would send its next request into it.
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if asked.method == Method::HEAD {
            if let Some(size) = size {
                headers.insert(header::CONTENT_LENGTH, HeaderValue::from(size));
            }
            response.set_body(Body::empty());
        }
        size
    }

    async fn compress(&self, response: &mut Response, asked: &Asked, size: Option<u64>) -> Option<u64> {
        let threshold = self.limits.compress_from_bytes;
        if let Err(error) = content::compress(asked.accepts_gzip, threshold, size, response).await {
            *response = Problem::internal(&error).to_response(Some(&asked.context.id));
            tracing::error!(%error, request_id = %asked.context.id, "a response could not be compressed");
        }
        body::size(response)
    }
}

impl<E: Endpoint> Endpoint for Application<E> {
    type Output = Response;

    #[expect(clippy::disallowed_methods, reason = "a measuring instrument")]
    async fn call(&self, request: Request) -> poem::Result<Response> {
        let started = Instant::now();
        let _in_flight = self.in_flight.enter();
        let asked = self.read(&request);
        let departure = Departure::watch(&self.routes, &asked, request.uri().clone(), started);
        let (route, mut response) = match self.answer(request, &asked).await {
            Ok(response) => (self.routes.find(pattern(response.data())), response),
            Err(error) => {
                let route = self.routes.find(pattern(error.data()));
                (route, Self::refuse(error, route, &asked))
            }
        };
        let bytes = self.finish(&mut response, &asked).await;
        departure.answered();
        let took = started.elapsed();
        route.metrics.count(&asked.method, response.status(), took);
        let request_id = response.headers().get(X_REQUEST_ID).and_then(|id| id.to_str().ok());
        log(&asked, route, response.status(), request_id, took, bytes);
        Ok(response)
    }
}

/// One line per request. The route stands for the path: paths and queries may carry ids and tokens.
fn log(asked: &Asked, route: &Route, status: StatusCode, request_id: Option<&str>, took: Duration, bytes: Option<u64>) {
    tracing::info!(
        target: "access",
        method = asked.method.as_str(),
        route = &*route.label,
        status = status.as_u16(),
        milliseconds = (took.as_secs_f64() * 1e6).round() / 1e3,
        request_id,
        client = %asked.context.client,
        bytes,
    );
}

fn pattern(pattern: Option<&PathPattern>) -> Option<&str> {
    pattern.map(|pattern| &*pattern.0)
}

fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// What a panic said.
fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("of unknown kind")
}
