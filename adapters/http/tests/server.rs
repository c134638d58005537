//! The listener: limits and draining, over real connections.

mod support;

use std::net::TcpStream as BlockingStream;

use support::{read_to_end, read_until, start, start_limited};

const GATE: &str = "GET /v1/gate HTTP/1.1\r\nhost: test\r\n\r\n";

#[tokio::test]
async fn a_connection_that_never_asks_is_closed() {
    let server = start_limited(|limits| limits.header_timeout_ms = 20);
    let silent = server.write("").await;
    assert_eq!(read_to_end(silent).await, "");
}

#[tokio::test]
async fn a_request_head_that_trickles_is_closed_without_an_answer() {
    let server = start_limited(|limits| limits.header_timeout_ms = 20);
    let slow = server.write("GET /v1/things HTTP/1.1\r\nhost: te").await;
    assert_eq!(read_to_end(slow).await, "");
}

#[tokio::test]
async fn a_second_head_that_trickles_is_closed_too() {
    let server = start_limited(|limits| limits.header_timeout_ms = 300);
    let mut slow = server.write("GET /v1/things HTTP/1.1\r\nhost: test\r\n\r\n").await;
    read_until(&mut slow, "a thing\"]").await;
    tokio::io::AsyncWriteExt::write_all(&mut slow, b"GET /v1/th").await.expect("the bytes are taken");
    assert_eq!(read_to_end(slow).await, "");
}

#[tokio::test]
async fn a_slow_handler_is_not_taken_for_a_slow_client() {
    let mut server = start_limited(|limits| limits.header_timeout_ms = 300);
    let mut asking = server.write(GATE).await;
    server.entries.recv().await.expect("the request arrived");
    // Two connections are given up meanwhile, one after the other: by then the time limit has passed twice.
    for _ in 0..2 {
        assert_eq!(read_to_end(server.write("").await).await, "");
    }
    server.gate.open();
    assert!(read_until(&mut asking, "through").await.starts_with("HTTP/1.1 200 OK"));
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_its_time() {
    let server = start_limited(|limits| (limits.header_timeout_ms, limits.idle_timeout_seconds) = (600, 0));
    let idle = server.write("GET /v1/busy HTTP/1.1\r\nhost: test\r\n\r\n").await;
    assert!(read_to_end(idle).await.starts_with("HTTP/1.1 503"));
}

#[tokio::test]
async fn at_the_connection_limit_the_next_one_waits() {
    let mut server = start_limited(|limits| limits.connections = 1);
    let first = server.write(GATE).await;
    server.entries.recv().await.expect("the first request arrived");
    let mut second = server.write(GATE).await;
    server.gate.open();
    server.gate.open();
    let mut first = first;
    read_until(&mut first, "through").await;
    assert!(server.entries.try_recv().is_err(), "the first connection is still open");
    drop(first);
    read_until(&mut second, "through").await;
}

#[tokio::test]
async fn a_client_with_too_many_connections_gets_no_more_until_it_closes_one() {
    let mut server = start_limited(|limits| limits.client_connections = 1);
    let first = server.write(GATE).await;
    server.entries.recv().await.expect("the first request arrived");
    assert_eq!(server.ask("/v1/busy").await, "", "closed without an answer");
    server.gate.open();
    let mut first = first;
    read_until(&mut first, "through").await;
    drop(first);
    // The server hears of the end a moment later.
    while !server.ask("/v1/busy").await.starts_with("HTTP/1.1 503") {}
}

#[tokio::test]
async fn a_trusted_proxy_may_have_any_number_of_connections() {
    let mut server = start(|settings| {
        settings.limits.client_connections = 1;
        settings.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")];
    });
    let _first = server.write(GATE).await;
    server.entries.recv().await.expect("the first request arrived");
    assert!(server.ask("/v1/busy").await.starts_with("HTTP/1.1 503"));
}

#[tokio::test]
async fn draining_lets_requests_finish_ends_streams_and_takes_no_more() {
    let mut server = start(|_| ());
    let mut asking = server.write(GATE).await;
    server.entries.recv().await.expect("the request arrived");
    let mut watching = server.write("GET /v1/events HTTP/1.1\r\nhost: test\r\n\r\n").await;
    read_until(&mut watching, "event\n").await;
    let mut idle = server.write("GET /v1/busy HTTP/1.1\r\nhost: test\r\n\r\n").await;
    read_until(&mut idle, "}").await;

    server.shutdown.cancel();
    assert!(read_to_end(watching).await.ends_with("0\r\n\r\n"), "the stream ends properly");
    assert_eq!(read_to_end(idle).await, "", "an idle connection is closed at once");
    server.gate.open();
    assert!(read_until(&mut asking, "through").await.starts_with("HTTP/1.1 200 OK"));
    server.ended.await.expect("the server ends");
    assert!(BlockingStream::connect(server.address).is_err(), "nobody listens any more");
}

#[tokio::test]
async fn what_does_not_finish_within_the_drain_limit_is_cut_off() {
    let mut server = start_limited(|limits| limits.drain_seconds = 0);
    let asking = server.write(GATE).await;
    server.entries.recv().await.expect("the request arrived");
    server.shutdown.cancel();
    server.ended.await.expect("the server ends though the handler does not");
    assert_eq!(read_to_end(asking).await, "");
}

#[tokio::test]
async fn http2_with_prior_knowledge_is_understood() {
    let server = start(|_| ());
    let client = reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().expect("a client");
    let response = client.get(format!("http://{}/v1/things", server.address)).send().await.expect("an answer");
    assert_eq!((response.status().as_u16(), response.version()), (200, reqwest::Version::HTTP_2));
    let head = client.head(format!("http://{}/v1/things", server.address)).send().await.expect("an answer");
    assert_eq!(head.bytes().await.expect("no body").len(), 0);
}
