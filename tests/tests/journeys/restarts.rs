//! Processes that stop, are killed, and start together.

use std::path::PathBuf;

use futures_util::future::join_all;
use onsale_tests::server::Stack;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::coupons::{pay_with, usual_terms};
use crate::support::{Api, CUSTOMER_PASSWORD, Sale, Site, Watcher, id};

journeys!(
    told_to_stop_a_server_ends_its_streams_and_finishes,
    told_to_stop_a_server_takes_no_connections_and_answers_what_was_asked,
    killed_and_started_again_nothing_acknowledged_is_lost,
);

async fn told_to_stop_a_server_ends_its_streams_and_finishes(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let sale = Sale::open(&site, json!({})).await;
    let customer = site.visitor.sign_up_with(50_000).await;
    let reservation = customer.held(&sale.performance, &[0]).await;
    let mut watcher = Watcher::new(&site.visitor, &sale.performance).await;

    site.server.terminate();
    while watcher.next().await.is_some() {}
    assert_eq!(site.server.ended().await.code(), Some(0));

    let site = Site::reopen(stack).await;
    let customer = customer.at(&site.server.address);
    customer.pay(&reservation).await.ok(201);
}

async fn told_to_stop_a_server_takes_no_connections_and_answers_what_was_asked(stack: &mut Stack) {
    let server = stack.serve().await;
    let body = json!({"email": "last@example.com", "password": CUSTOMER_PASSWORD, "name": "Last"}).to_string();
    let (first, rest) = body.split_at(10);
    let head = "POST /v1/accounts HTTP/1.1\r\nHost: onsale\r\nContent-Type: application/json\r\n";
    let mut asking = TcpStream::connect(server.host()).await.unwrap();
    let request = format!("{head}Content-Length: {}\r\nExpect: 100-continue\r\n\r\n", body.len());
    asking.write_all(request.as_bytes()).await.unwrap();
    let mut answer = vec![0; 25];
    asking.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 100 Continue\r\n\r\n", "the request has begun");
    asking.write_all(first.as_bytes()).await.unwrap();

    server.terminate();
    while TcpStream::connect(server.host()).await.is_ok() {
        tokio::task::yield_now().await;
    }
    asking.write_all(rest.as_bytes()).await.unwrap();
    answer.clear();
    asking.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    assert_eq!(server.ended().await.code(), Some(0));
    let again = stack.serve().await;
    Api::new(&again.address).sign_in("last@example.com", CUSTOMER_PASSWORD).await;
}

async fn killed_and_started_again_nothing_acknowledged_is_lost(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let sale = Sale::open(&site, json!({"hold_seconds": 2})).await;
    let customer = site.visitor.sign_up_with(50_000).await;
    let paid = customer.held(&sale.performance, &[0]).await;
    customer.pay(&paid).await.ok(201);
    let held = customer.held(&sale.performance, &[1]).await;
    site.server.kill().await;

    let site = Site::reopen(stack).await;
    let customer = customer.at(&site.server.address);
    assert_eq!((customer.status_of(&paid).await, customer.balance().await), ("paid".to_owned(), 0));
    assert!(["held", "expired"].contains(&customer.status_of(&held).await.as_str()));
    let mut watcher = Watcher::new(&site.visitor, &sale.performance).await;
    watcher.until(&[1], true).await;
    assert_eq!(customer.status_of(&held).await, "expired");
    customer.hold(&sale.performance, &[0]).await.refused("seats_taken");
    customer.held(&sale.performance, &[1]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_that_start_at_once_on_an_empty_database_are_one_service() {
    let mut stack = Stack::mysql().await;
    stack.set("ONSALE_DATABASE__LANE_CONNECTIONS", "2");
    let servers = join_all((0..4).map(|_| stack.serve())).await;
    let site = Site::open(&mut stack).await;
    let sale = Sale::open(&site, json!({})).await;
    let customer = site.visitor.sign_up_with(200_000).await;
    for (seat, server) in (0..).zip(&servers) {
        let here = customer.at(&server.address);
        let reservation = here.held(&sale.performance, &[seat]).await;
        customer.pay(&reservation).await.ok(201);
        assert_eq!(here.status_of(&reservation).await, "paid");
    }
    stack.assert_sound().await;
}

#[tokio::test]
async fn a_demo_says_how_to_sign_in_and_sells() {
    let stack = Stack::embedded();
    let mut server = stack.launch(&["serve", "--demo"]).await;
    let customer = signed_in(&mut server, "customer").await;
    let operator = signed_in(&mut server, "operator").await;
    let campaign = printed_campaign(&mut server).await;
    let coupon = customer.post(&format!("/v1/coupon-campaigns/{campaign}/coupons"), json!({})).await.ok(201);
    operator.post("/v1/coupon-campaigns", usual_terms(5)).await.ok(201); // newer than the demo's
    let concerts = customer.get("/v1/concerts").await.ok(200);
    let performance = id(&concerts["items"][0]["performances"][0], "performance_id");
    let shown = customer.get(&format!("/v1/performances/{performance}")).await.ok(200);
    let plan = customer.get(&format!("/v1/seating-plans/{}", id(&shown, "seating_plan_id"))).await.ok(200);
    assert!(plan["seats"]["guid"].as_array().unwrap().len() >= 15_000);
    assert!(shown["categories"].as_array().unwrap().len() > 1);
    let reservation = customer.held(&performance, &[14_000]).await;
    pay_with(&customer, &reservation, &id(&coupon, "coupon_id")).await.ok(201);
    drop(server);
    stack.assert_sound().await;

    let mut again = stack.launch(&["serve", "--demo"]).await;
    let customer = signed_in(&mut again, "customer").await;
    assert_eq!(customer.status_of(&reservation).await, "paid");
    assert_eq!(printed_campaign(&mut again).await, campaign);
}

/// The campaign that a demo prints.
async fn printed_campaign(server: &mut onsale_tests::server::Server) -> String {
    loop {
        let line = server.next_line().await.expect("a demo names its campaign");
        if let Some(("coupons", told)) = line.trim_start().split_once(' ') {
            return told.trim_start().split(',').next().unwrap().to_owned();
        }
    }
}

/// Signs in with what a demo prints.
async fn signed_in(server: &mut onsale_tests::server::Server, who: &str) -> Api {
    let visitor = Api::new(&server.address);
    loop {
        let line = server.next_line().await.expect("a demo says how to sign in");
        if let [role, email, password] = line.split_whitespace().collect::<Vec<_>>()[..]
            && role == who
        {
            return visitor.sign_in(email, password).await;
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_keys_of_the_embedded_mode_are_their_owners() {
    use std::os::unix::fs::PermissionsExt;
    let stack = Stack::embedded();
    drop(stack.serve().await);
    let mode = |path: PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(stack.data_folder()), mode(stack.data_folder().join("tokens.secret"))), (0o700, 0o600));
}
