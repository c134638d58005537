//! What every answer has, whatever was asked.

use std::time::Duration;

use onsale_tests::server::{Server, Stack};
use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use uuid::Uuid;

use crate::support::{Answer, Api, Sale, Site};

/// How long one answer may take.
const LIMIT: Duration = Duration::from_secs(30);

async fn server(settings: &[(&str, &str)]) -> (Stack, Server, Api) {
    let stack = settings.iter().fold(Stack::embedded(), |stack, (name, value)| stack.with(name, *value));
    let server = stack.serve().await;
    let visitor = Api::new(&server.address);
    (stack, server, visitor)
}

#[tokio::test]
async fn every_wrong_request_is_answered_with_a_problem_document() {
    let (_stack, _server, visitor) = server(&[]).await;
    let account = |body: &'static str| visitor.request(Method::POST, "/v1/accounts").body(body);
    let json = |body| account(body).header("Content-Type", "application/json");

    let not_json = Answer::of(json("{\"email\": oops}")).await;
    assert_eq!(
        (not_json.status, not_json.refused("invalid_request")["detail"].as_str()),
        (400, Some("the body is not JSON: line 1, column 11"))
    );
    assert_eq!(Answer::of(json("{}")).await.refused("invalid_request")["field"], "email");
    let media_type = Answer::of(account("email=a").header("Content-Type", "text/plain")).await;
    assert_eq!(media_type.status, 415);
    media_type.refused("unsupported_media_type");
    let large = Answer::of(
        visitor
            .request(Method::POST, "/v1/accounts")
            .header("Content-Type", "application/json")
            .body("x".repeat(65_537)),
    )
    .await;
    assert_eq!((large.status, large.header("connection")), (413, "close"));
    assert!(large.refused("body_too_large")["detail"].as_str().unwrap().contains("65536"));

    let unknown = visitor.get("/v1/nothing").await;
    assert_eq!(unknown.status, 404);
    unknown.refused("not_found");
    assert_eq!(visitor.get("/v1/concerts/not-an-id").await.refused("not_found")["field"], "id");
    let method = visitor.delete("/v1/concerts").await;
    assert_eq!(method.status, 405);
    method.refused("method_not_allowed");
    let mut allowed: Vec<&str> = method.header("allow").split(", ").collect();
    allowed.sort_unstable();
    assert_eq!(allowed, ["GET", "HEAD", "POST"]);
    let unsigned = visitor.get("/v1/points").await;
    assert_eq!((unsigned.status, unsigned.header("www-authenticate")), (401, "Bearer"));
    unsigned.refused("sign_in_required");
}

#[tokio::test]
async fn every_answer_has_its_own_request_id_a_date_and_security_headers() {
    let (_stack, server, visitor) = server(&[("ONSALE_HTTP__STRICT_TRANSPORT_SECURITY_SECONDS", "60")]).await;
    let answers = [
        visitor.get("/v1/concerts").await,
        visitor.get("/v1/nothing").await,
        visitor.get("/docs").await,
        visitor.get("/health/live").await,
        Answer::of(visitor.request(Method::GET, "/v1/concerts").header("X-Request-Id", "made-up")).await,
    ];
    let mut ids = Vec::new();
    for answer in &answers {
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"));
        assert_eq!(answer.header("strict-transport-security"), "max-age=60; includeSubDomains");
        assert!(answer.header("date").ends_with(" GMT"));
        ids.push(Uuid::parse_str(answer.header("x-request-id")).unwrap());
    }
    ids.dedup();
    assert_eq!(ids.len(), answers.len());
    drop(server);
}

#[tokio::test]
async fn a_trusted_proxy_names_the_request_and_the_client() {
    let (_stack, server, visitor) = server(&[("ONSALE_HTTP__TRUSTED_PROXIES", "[\"127.0.0.0/8\"]")]).await;
    let request = visitor.request(Method::GET, "/v1/nothing").header("X-Request-Id", "edge-7");
    let answer = Answer::of(request.header("X-Forwarded-For", "198.51.100.9")).await;
    assert_eq!(answer.refused("not_found")["instance"], "edge-7");
    let line = logged(server, "edge-7").await;
    assert!(
        line.contains("198.51.100.9") && line.contains("\"status\":404") && line.contains("milliseconds"),
        "{line}"
    );
}

/// The access-log line of a request. A server that has ended has written all that it had to.
async fn logged(server: Server, request_id: &str) -> String {
    let log = server.ended_log().await;
    log.lines().find(|line| line.contains(request_id)).unwrap_or_else(|| panic!("no line in {log}")).to_owned()
}

#[tokio::test]
async fn pages_of_allowed_origins_may_call() {
    let (_stack, _server, visitor) = server(&[("ONSALE_HTTP__ALLOWED_ORIGINS", "[\"https://shop.example\"]")]).await;
    let preflight = async |origin: &str| {
        let request = visitor.request(Method::OPTIONS, "/v1/reservations").header("Origin", origin);
        let request = request.header("Access-Control-Request-Method", "POST");
        Answer::of(request.header("Access-Control-Request-Headers", "authorization, idempotency-key")).await
    };
    let shop = preflight("https://shop.example").await;
    assert_eq!((shop.status, shop.header("access-control-allow-origin")), (204, "https://shop.example"));
    assert!(shop.header("access-control-allow-methods").contains("POST"));
    for name in ["authorization", "idempotency-key", "if-none-match", "content-type", "x-queue-pass"] {
        assert!(shop.header("access-control-allow-headers").contains(name), "{name}");
    }
    assert_eq!(shop.header("access-control-max-age"), "7200");
    let other = preflight("https://elsewhere.example").await;
    assert_eq!((other.header("access-control-allow-origin"), other.header("access-control-allow-methods")), ("", ""));

    let read = Answer::of(visitor.request(Method::GET, "/v1/concerts").header("Origin", "https://shop.example")).await;
    assert_eq!(read.header("access-control-allow-origin"), "https://shop.example");
    for name in ["etag", "retry-after", "idempotent-replayed", "x-request-id", "date", "age"] {
        assert!(read.header("access-control-expose-headers").contains(name), "{name}");
    }
    assert!(read.header("vary").to_lowercase().contains("origin"));
}

#[tokio::test]
async fn head_is_get_without_the_body_and_gzip_is_gzip() {
    let mut stack = Stack::embedded();
    let site = Site::open(&mut stack).await;
    let sale = Sale::open(&site, json!({})).await;
    for path in ["/v1/concerts".to_owned(), sale.path(), "/docs".to_owned(), "/health/ready".to_owned()] {
        let (get, head) = (site.visitor.get(&path).await, Answer::of(site.visitor.request(Method::HEAD, &path)).await);
        assert_eq!((head.status, head.text.as_str()), (200, ""), "{path}");
        assert_eq!(head.header("content-length"), get.text.len().to_string(), "{path}");
        assert_eq!((head.header("etag"), head.media_type()), (get.header("etag"), get.media_type()), "{path}");
    }
    let path = format!("/v1/seating-plans/{}", sale.plan);
    let plain = site.visitor.get(&path).await;
    let request = site.visitor.request(Method::GET, &path).header("Accept-Encoding", "gzip");
    let packed = request.send().await.unwrap();
    assert_eq!(packed.headers()["content-encoding"], "gzip");
    assert_ne!(packed.headers()["etag"], plain.header("etag"), "a tag names bytes");
    assert_eq!(packed.bytes().await.unwrap()[..2], [0x1f, 0x8b]);
}

#[tokio::test]
async fn an_address_that_asks_too_often_is_told_when_to_come_back() {
    let limits = [("REQUESTS_PER_SECOND", "1"), ("BURST", "3")];
    let mut stack = Stack::embedded();
    for (name, value) in limits {
        stack.set(&format!("ONSALE_HTTP__LIMITS__CLIENT_{name}"), value);
    }
    let server = stack.launch(&["serve"]).await;
    let visitor = Api::new(&server.address);
    let mut limited = visitor.get("/v1/concerts").await;
    for _ in 0..100 {
        if limited.status == 429 {
            break;
        }
        limited = visitor.get("/v1/concerts").await;
    }
    limited.refused("rate_limited");
    assert_eq!(limited.header("retry-after"), "1");
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up() {
    let (_stack, server, _visitor) = server(&[("ONSALE_HTTP__LIMITS__REQUEST_TIMEOUT_MS", "300")]).await;
    let head =
        "POST /v1/accounts HTTP/1.1\r\nHost: onsale\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n";
    let answer = exchange(&server, head).await;
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("request_timeout"), "{answer}");
}

#[tokio::test]
async fn what_is_no_request_is_refused_and_the_server_goes_on() {
    let (_stack, server, visitor) = server(&[]).await;
    for nonsense in ["\0\0\0\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"] {
        let answer = exchange(&server, nonsense).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{nonsense:?}: {answer}");
    }
    visitor.get("/health/live").await.ok(200);
}

/// The answer to these bytes, until the server closes or an answer is complete.
async fn exchange(server: &Server, request: &str) -> String {
    let mut connection = TcpStream::connect(server.host()).await.unwrap();
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = async {
        while !answer.windows(3).any(|end| end == b"\"}\n" || end.ends_with(b"}")) {
            if connection.read_buf(&mut answer).await.unwrap_or(0) == 0 {
                break;
            }
        }
    };
    timeout(LIMIT, read).await.expect("the server answers");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn operators_see_metrics_and_health_where_nobody_else_looks() {
    let (_stack, server, visitor) = server(&[]).await;
    visitor.get("/v1/concerts").await.ok(200);
    visitor.get("/metrics").await.refused("not_found");
    let admin = Api::new(&server.admin);
    let metrics = admin.get("/metrics").await;
    assert_eq!((metrics.status, metrics.media_type()), (200, "text/plain"));
    let pool = |pool, state| format!("onsale_pool_connections{{pool=\"{pool}\",state=\"{state}\"}}");
    let (open, limit) = (pool("write", "open"), pool("read", "limit"));
    for name in ["onsale_http_requests_total", "route=\"/v1/concerts\"", "onsale_build_info", &open, &limit] {
        assert!(metrics.text.contains(name), "{name} is missing in {}", metrics.text);
    }
    let health = admin.get("/health/detail").await.ok(200);
    assert_eq!(health["ready"], true, "{health}");
    assert!(health["checks"].as_array().unwrap().len() >= 3, "{health}");
    assert_eq!(admin.get("/v1/concerts").await.status, StatusCode::NOT_FOUND);
}
