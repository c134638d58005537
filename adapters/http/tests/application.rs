//! What every request goes through, over real connections.

mod support;

use reqwest::Method;
use support::{read_to_end, start, start_limited};

const THING: &str = "/v1/things/0190a1b2-0000-7000-8000-000000000000";

#[tokio::test]
async fn every_response_names_its_request_and_the_date() {
    let server = start(|_| ());
    for path in [THING, "/nowhere", "/v1/panic", "/docs"] {
        let answer = server.get(path).await;
        assert_eq!(answer.header("x-request-id").len(), 36, "{path}");
        assert!(answer.header("date").ends_with("GMT"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
    }
}

#[tokio::test]
async fn what_the_framework_refuses_is_a_problem_document() {
    let server = start(|_| ());
    let json = [("content-type", "application/json")];
    let refused = [
        (server.get("/nowhere").await, 404, "not_found"),
        (server.get("/v1/things/seven").await, 404, "not_found"),
        (server.get(&format!("{THING}?limit=many")).await, 400, "invalid_request"),
        (server.get(&format!("{THING}?limit=101")).await, 400, "invalid_request"),
        (server.send(Method::DELETE, THING, &[], "").await, 405, "method_not_allowed"),
        (server.send(Method::POST, "/docs", &[], "").await, 405, "method_not_allowed"),
        (
            server.send(Method::POST, "/v1/things", &[("content-type", "text/plain")], "x").await,
            415,
            "unsupported_media_type",
        ),
        (server.send(Method::POST, "/v1/things", &[], "{}").await, 415, "unsupported_media_type"),
        (server.send(Method::POST, "/v1/things", &json, "{").await, 400, "invalid_request"),
        (server.send(Method::POST, "/v1/things", &json, "{}").await, 400, "invalid_request"),
        (server.get("/v1/panic").await, 500, "internal"),
        (server.get("/v1/busy").await, 503, "busy"),
        (server.get(&format!("{THING}?limit=0")).await, 404, "not_found"),
        (server.get(&format!("{THING}?limit=1")).await, 409, "seats_taken"),
    ];
    for (answer, status, code) in refused {
        assert_eq!((answer.status, answer.code().as_str()), (status, code));
        assert!(!answer.text().contains("secret"));
    }
}

#[tokio::test]
async fn a_refusal_names_the_field() {
    let server = start(|_| ());
    let json = [("content-type", "application/json")];
    let field = |answer: support::Answer| answer.json()["field"].as_str().map(str::to_owned);
    assert_eq!(field(server.get("/v1/things/seven").await).as_deref(), Some("thing_id"));
    assert_eq!(field(server.get(&format!("{THING}?limit=many")).await).as_deref(), Some("limit"));
    assert_eq!(field(server.get(&format!("{THING}?limit=101")).await).as_deref(), Some("limit"));
    let missing = server.send(Method::POST, "/v1/things", &json, r#"{"name":"a"}"#).await;
    assert_eq!(field(missing).as_deref(), Some("count"));
    let large = server.send(Method::POST, "/v1/things", &json, r#"{"name":"a","count":11}"#).await;
    assert_eq!(field(large).as_deref(), Some("count"));
}

#[tokio::test]
async fn a_method_that_is_missing_brings_those_that_are_there() {
    let server = start(|_| ());
    assert_eq!(server.send(Method::DELETE, "/v1/things", &[], "").await.header("allow"), "GET, HEAD, POST");
    assert_eq!(server.send(Method::PUT, "/openapi.json", &[], "").await.header("allow"), "GET, HEAD");
}

#[tokio::test]
async fn a_finished_response_is_left_alone() {
    let server = start(|_| ());
    let answer = server.get("/v1/finished").await;
    assert_eq!((answer.status, answer.text()), (418, "short and stout"));
}

#[tokio::test]
async fn retry_after_stands_in_the_header_and_in_the_document() {
    let server = start(|_| ());
    let answer = server.get("/v1/busy").await;
    assert_eq!((answer.header("retry-after"), &answer.json()["retry_after_ms"]), ("2", &1_500.into()));
}

#[tokio::test]
async fn a_body_over_its_limit_is_refused_announced_or_not() {
    let server = start_limited(|limits| (limits.body_bytes, limits.plan_body_bytes) = (100, 200));
    let json = [("content-type", "application/json")];
    let announced = server.send(Method::POST, "/v1/things", &json, &"x".repeat(101)).await;
    assert_eq!((announced.status, announced.code().as_str()), (413, "body_too_large"));
    let head = "POST /v1/things HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\nconnection: close\r\n";
    let chunk = format!("{head}transfer-encoding: chunked\r\n\r\n65\r\n{}\r\n0\r\n\r\n", "x".repeat(101));
    let unannounced = read_to_end(server.write(&chunk).await).await;
    assert!(unannounced.starts_with("HTTP/1.1 413") && unannounced.contains("body_too_large"), "{unannounced}");
    let binary = [("content-type", "application/octet-stream")];
    let plan = server.send(Method::POST, "/v1/seating-plans", &binary, &"x".repeat(200)).await;
    assert_eq!((plan.status, plan.text()), (200, "200"));
    let plan = server.send(Method::POST, "/v1/seating-plans", &binary, &"x".repeat(201)).await;
    assert_eq!(plan.code(), "body_too_large");
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_told_so() {
    let server = start_limited(|limits| limits.request_timeout_ms = 10);
    let answer = server.get("/v1/gate").await;
    assert_eq!((answer.status, answer.code().as_str()), (503, "request_timeout"));
}

#[tokio::test]
async fn a_client_over_its_limit_is_told_when_to_come_back() {
    let server = start_limited(|limits| (limits.client_requests_per_second, limits.client_burst) = (1, 3));
    assert_eq!(server.get(THING).await.status, 200);
    let mut answer = server.get(THING).await;
    while answer.status == 200 {
        answer = server.get(THING).await;
    }
    assert_eq!((answer.status, answer.code().as_str()), (429, "rate_limited"));
    assert_eq!(answer.header("retry-after"), "1");
    let wait = answer.json()["retry_after_ms"].as_u64().expect("milliseconds");
    assert!((1..=1_000).contains(&wait), "{wait}");
}

#[tokio::test]
async fn only_a_trusted_proxy_names_the_client_and_the_request() {
    let forwarded = [("x-forwarded-for", "1.1.1.1, 198.51.100.7"), ("x-request-id", "edge-1")];
    let open = start(|_| ());
    let answer = open.send(Method::GET, "/v1/context", &forwarded, "").await;
    assert!(answer.text().starts_with("127.0.0.1 ") && !answer.text().ends_with("edge-1"), "{}", answer.text());
    let behind = start(|settings| settings.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")]);
    let answer = behind.send(Method::GET, "/v1/context", &forwarded, "").await;
    assert_eq!((answer.text(), answer.header("x-request-id")), ("198.51.100.7 edge-1", "edge-1"));
}

#[tokio::test]
async fn clients_behind_a_proxy_are_limited_one_by_one() {
    let server = start(|settings| {
        settings.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")];
        (settings.limits.client_requests_per_second, settings.limits.client_burst) = (1, 1);
    });
    let get = async |client| server.send(Method::GET, THING, &[("forwarded", client)], "").await.status;
    while get("for=198.51.100.7").await != 429 {}
    assert_eq!(get("for=198.51.100.8").await, 200);
}

#[tokio::test]
async fn a_page_of_a_configured_origin_may_call() {
    let server = start(|settings| settings.allowed_origins = vec!["https://shop.example".to_owned()]);
    let asks = [("origin", "https://shop.example"), ("access-control-request-method", "POST")];
    let preflight = server.send(Method::OPTIONS, "/v1/things", &asks, "").await;
    assert_eq!((preflight.status, preflight.header("access-control-max-age")), (204, "7200"));
    assert_eq!(preflight.header("access-control-allow-origin"), "https://shop.example");
    assert!(preflight.header("access-control-allow-headers").contains("idempotency-key"));
    let refused = server.send(Method::GET, "/nowhere", &asks[..1], "").await;
    assert_eq!(refused.header("access-control-allow-origin"), "https://shop.example", "errors can be read too");
    assert!(refused.header("access-control-expose-headers").contains("retry-after"));
    let stranger = server.send(Method::GET, THING, &[("origin", "https://evil.example")], "").await;
    assert_eq!((stranger.status, stranger.header("access-control-allow-origin")), (200, ""));
}

#[tokio::test]
async fn who_has_the_answer_gets_304() {
    let server = start(|_| ());
    let first = server.get("/v1/things").await;
    assert_eq!((first.header("cache-control"), first.header("age")), ("public, max-age=5", "7"));
    let etag = first.header("etag").to_owned();
    let again = server.send(Method::GET, "/v1/things", &[("if-none-match", &etag)], "").await;
    assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, etag.as_str()));
    let other = server.send(Method::GET, "/v1/things", &[("if-none-match", "\"other\"")], "").await;
    assert_eq!(other.status, 200);
}

#[tokio::test]
async fn a_rendered_answer_brings_its_compressed_form_with_a_tag_of_its_own() {
    let server = start(|_| ());
    let plain = server.get("/v1/things").await;
    let gzip = ("accept-encoding", "gzip, br");
    let compressed = server.send(Method::GET, "/v1/things", &[gzip], "").await;
    assert_eq!((compressed.header("content-encoding"), compressed.header("vary")), ("gzip", "accept-encoding"));
    assert_eq!(unpacked(&compressed.body), plain.body);
    assert_ne!(compressed.header("etag"), plain.header("etag"));
    let etag = compressed.header("etag");
    let again = server.send(Method::GET, "/v1/things", &[gzip, ("if-none-match", etag)], "").await;
    assert_eq!((again.status, again.header("content-encoding")), (304, ""));
}

#[tokio::test]
async fn a_large_json_answer_is_compressed_on_the_way() {
    let server = start(|_| ());
    let plain = server.get("/v1/large").await;
    let compressed = server.send(Method::GET, "/v1/large", &[("accept-encoding", "gzip")], "").await;
    assert_eq!(compressed.header("content-encoding"), "gzip");
    assert_eq!(compressed.header("content-length"), compressed.body.len().to_string());
    assert_eq!(unpacked(&compressed.body), plain.body);
    let small = server.send(Method::GET, THING, &[("accept-encoding", "gzip")], "").await;
    assert_eq!(small.header("content-encoding"), "");
}

#[tokio::test]
async fn head_answers_like_get_without_the_body() {
    let server = start(|_| ());
    for path in [THING, "/v1/things", "/v1/busy", "/docs"] {
        let get = server.get(path).await;
        let head = server.send(Method::HEAD, path, &[], "").await;
        assert_eq!((head.status, head.body.len()), (get.status, 0), "{path}");
        assert_eq!(head.header("content-length"), get.body.len().to_string(), "{path}");
        assert_eq!(head.header("etag"), get.header("etag"), "{path}");
    }
}

#[tokio::test]
async fn the_documentation_lists_each_operations_codes() {
    let server = start(|_| ());
    let document = server.get("/openapi.json").await.json();
    let responses = &document["paths"]["/v1/things"]["post"]["responses"];
    let code = |status: &str| {
        let schema = &responses[status]["content"]["application/problem+json"]["schema"]["allOf"];
        assert_eq!(schema[0]["$ref"], "#/components/schemas/Problem");
        schema[1]["properties"]["code"]["enum"].clone()
    };
    assert_eq!(code("400"), serde_json::json!(["invalid_request"]));
    assert_eq!(code("401"), serde_json::json!(["sign_in_required", "access_token_expired"]));
    assert_eq!(code("409"), serde_json::json!(["seats_taken"]));
    assert_eq!(code("429"), serde_json::json!(["rate_limited"]));
    assert!(responses["429"]["headers"]["Retry-After"].is_object());
    assert!(document["components"]["schemas"]["Problem"]["properties"]["instance"].is_object());
    let page = server.get("/docs").await;
    assert!(page.text().contains("SwaggerUIBundle") && !page.text().contains("src=\"http"));
    assert!(page.header("content-security-policy").contains("script-src 'unsafe-inline'"));
}

#[tokio::test]
async fn transport_security_is_told_only_when_configured() {
    let quiet = start(|_| ());
    assert_eq!(quiet.get(THING).await.header("strict-transport-security"), "");
    let strict = start(|settings| settings.strict_transport_security_seconds = 600);
    assert_eq!(strict.get(THING).await.header("strict-transport-security"), "max-age=600; includeSubDomains");
}

fn unpacked(compressed: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(compressed), &mut plain).expect("gzip");
    plain
}
