//! A small API behind the real application and the real listener.

#![allow(dead_code, clippy::unused_async, reason = "each test file uses its part; operations are always async")]

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use onsale_http::problem::{BODY, Code, Problem, SIGNED_IN};
use onsale_http::{
    Draining, HttpLimits, HttpSettings, JsonBody, Rendered, RenderedBody, RequestContext, application, bind,
    documented, problems, serve,
};
use poem::Body;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::{Binary, Json, PlainText, Response};
use poem_openapi::{Object, OpenApi, OpenApiService};
use reqwest::Method;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

problems! {
    /// Why a thing is refused.
    pub(crate) enum ThingProblem includes [BODY, SIGNED_IN] {
        NotFound,
        SeatsTaken { conflicts: Vec<u32> },
    }
}

/// A thing of the test API.
#[derive(Debug, Object)]
pub(crate) struct Thing {
    name: String,
    #[oai(validator(maximum(value = "10")))]
    count: u32,
}

/// Lets a test hold a request inside its handler.
#[derive(Clone)]
pub(crate) struct Gate {
    entered: mpsc::UnboundedSender<()>,
    open: Arc<Semaphore>,
}

impl Gate {
    pub(crate) fn new() -> (Self, mpsc::UnboundedReceiver<()>) {
        let (entered, entries) = mpsc::unbounded_channel();
        (Self { entered, open: Arc::new(Semaphore::new(0)) }, entries)
    }

    pub(crate) fn open(&self) {
        self.open.add_permits(1);
    }

    async fn pass(&self) {
        self.entered.send(()).expect("the test listens");
        self.open.acquire().await.expect("the gate stays").forget();
    }
}

struct Api {
    gate: Gate,
    draining: Draining,
    rendered: RenderedBody,
}

#[OpenApi]
impl Api {
    #[oai(path = "/v1/things/:thing_id", method = "get", operation_id = "get_thing")]
    async fn get(
        &self,
        thing_id: Path<Uuid>,
        #[oai(validator(maximum(value = "100")))] limit: Query<Option<u32>>,
    ) -> Result<Json<String>, ThingProblem> {
        match limit.0 {
            Some(0) => Err(ThingProblem::NotFound),
            Some(1) => Err(ThingProblem::SeatsTaken { conflicts: vec![3, 4] }),
            _ => Ok(Json(thing_id.0.to_string())),
        }
    }

    #[oai(path = "/v1/things", method = "post", operation_id = "create_thing")]
    async fn create(&self, thing: JsonBody<Thing>) -> Result<Json<u32>, ThingProblem> {
        Ok(Json(thing.0.count))
    }

    #[oai(path = "/v1/things", method = "get", operation_id = "list_things")]
    async fn list(&self) -> Result<Rendered<Vec<String>>, ThingProblem> {
        Ok(Rendered::new(self.rendered.clone(), "public, max-age=5").aged(7))
    }

    #[oai(path = "/v1/large", method = "get", operation_id = "get_large")]
    async fn large(&self) -> Json<String> {
        Json("x".repeat(4_000))
    }

    #[oai(path = "/v1/context", method = "get", operation_id = "get_context")]
    async fn context(&self, context: RequestContext) -> PlainText<String> {
        PlainText(format!("{} {}", context.client, context.id))
    }

    #[oai(path = "/v1/panic", method = "get", operation_id = "panic")]
    async fn panic(&self) -> PlainText<String> {
        panic!("a secret of the server")
    }

    #[oai(path = "/v1/busy", method = "get", operation_id = "busy")]
    async fn busy(&self) -> Result<PlainText<String>, ThingProblem> {
        Err(Problem::new(Code::Busy).retry_after(std::time::Duration::from_millis(1_500)).into())
    }

    #[oai(path = "/v1/finished", method = "get", operation_id = "finished")]
    async fn finished(&self) -> poem::Result<PlainText<String>> {
        let teapot = poem::Response::builder().status(poem::http::StatusCode::IM_A_TEAPOT).body("short and stout");
        Err(poem::Error::from_response(teapot))
    }

    #[oai(path = "/v1/gate", method = "get", operation_id = "gate")]
    async fn gate(&self) -> PlainText<String> {
        self.gate.pass().await;
        PlainText("through".to_owned())
    }

    #[oai(path = "/v1/events", method = "get", operation_id = "events")]
    async fn events(&self) -> Response<Binary<Body>> {
        let endless = futures_util::stream::unfold(true, |is_first| async move {
            if !is_first {
                std::future::pending::<()>().await;
            }
            Some((Ok::<_, std::io::Error>("event\n".to_owned()), false))
        });
        Response::new(Binary(Body::from_bytes_stream(self.draining.end(endless))))
    }

    #[oai(path = "/v1/seating-plans", method = "post", operation_id = "import_plan")]
    async fn plan(&self, plan: Binary<Vec<u8>>) -> PlainText<String> {
        PlainText(plan.0.len().to_string())
    }
}

/// A running server.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) gate: Gate,
    pub(crate) entries: mpsc::UnboundedReceiver<()>,
    pub(crate) shutdown: CancellationToken,
    pub(crate) ended: JoinHandle<()>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// The problem's code, after checking that it is a whole problem document.
    pub(crate) fn code(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let document = self.json();
        assert_eq!(document["status"], self.status);
        assert_eq!(document["instance"], self.header("x-request-id"));
        document["code"].as_str().expect("a code").to_owned()
    }
}

/// Starts the test API on a free port.
pub(crate) fn start(change: impl FnOnce(&mut HttpSettings)) -> Server {
    let mut settings = HttpSettings::default();
    change(&mut settings);
    let shutdown = CancellationToken::new();
    let (gate, entries) = Gate::new();
    let rendered = RenderedBody::json(&vec!["a thing".to_owned(); 500]);
    let api = Api { gate: gate.clone(), draining: Draining::new(shutdown.clone()), rendered };
    let (endpoint, routes) = documented(OpenApiService::new(api, "test", "1"));
    let listener = bind((Ipv4Addr::LOCALHOST, 0).into(), &settings.limits).expect("a free port");
    let address = listener.local_addr().expect("an address");
    let token = shutdown.clone();
    let ended = tokio::spawn(async move {
        serve(application(endpoint, routes, &settings), listener, &settings, token).await;
    });
    Server { address, gate, entries, shutdown, ended }
}

/// Starts it with the default settings, apart from its limits.
pub(crate) fn start_limited(change: impl FnOnce(&mut HttpLimits)) -> Server {
    start(|settings| change(&mut settings.limits))
}

impl Server {
    /// Sends a request on a connection of its own.
    pub(crate) async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let mut request = client.request(method, format!("http://{}{path}", self.address)).body(body.to_owned());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer { status, headers, body: response.bytes().await.expect("a body").to_vec() }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], "").await
    }

    /// Asks on a connection of its own; nothing when it is closed before an answer, whichever way.
    pub(crate) async fn ask(&self, path: &str) -> String {
        let request = format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
        let mut stream = TcpStream::connect(self.address).await.expect("a connection");
        let mut answer = String::new();
        if stream.write_all(request.as_bytes()).await.is_err() || stream.read_to_string(&mut answer).await.is_err() {
            return String::new();
        }
        answer
    }

    /// Opens a connection and writes `bytes`.
    pub(crate) async fn write(&self, bytes: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.expect("a connection");
        stream.write_all(bytes.as_bytes()).await.expect("the bytes are taken");
        stream
    }
}

/// Reads what comes until the server closes.
pub(crate) async fn read_to_end(mut stream: TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).await.expect("a clean end");
    text
}

/// Reads until `end` has come.
pub(crate) async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = String::new();
    let mut buffer = [0; 1_024];
    while !text.contains(end) {
        let count = stream.read(&mut buffer).await.expect("more");
        assert_ne!(count, 0, "the connection ended after {text:?}");
        text.push_str(std::str::from_utf8(&buffer[..count]).expect("text"));
    }
    text
}
