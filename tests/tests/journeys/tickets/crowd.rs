//! Everybody at once, on two servers, of which one is killed in the middle.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use onsale_sql::Statement;
use onsale_tests::server::Stack;
use onsale_tests::store::Store;
use serde_json::json;

use super::Floor;
use crate::support::{Answer, Api, Site, ask_while_killing, crowd, id};

const CAPACITY: u32 = 1_000;
/// How many tickets each wants; 333 customers get them.
const QUANTITY: u32 = 3;
const WINNERS: usize = 333;
const CROWD: usize = 500;
/// How many holds are acknowledged when a server is killed.
const KILL_AT: usize = 100;

/// The reservations that were acknowledged; everybody else was told that too few are left.
fn acknowledged(answers: &[Answer]) -> BTreeSet<String> {
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        answer.refused("sold_out");
    }
    let held = answers.iter().filter(|answer| answer.status == 201);
    held.map(|answer| id(&answer.json(), "reservation_id")).collect()
}

/// The holds of tickets that are stored, and how many tickets are taken.
async fn stored(url: &str) -> (BTreeSet<String>, u32) {
    let store = Store::at(url).await;
    let rows = store.database.fetch_all(Statement::new("SELECT reservation_id FROM reservations WHERE status = 0"));
    let holds = rows.await.unwrap();
    let holds = holds.iter().map(|row| row.get::<uuid::Uuid>(0).unwrap().to_string()).collect();
    let taken = store.database.fetch_optional(Statement::new("SELECT taken FROM allotments")).await.unwrap();
    (holds, taken.unwrap().get(0).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_sell_exactly_what_there_is_and_a_raise_at_once() {
    let mysql = onsale_test_servers::mysql().await.fresh_database().await;
    let mut stack = Stack::on(mysql.url());
    let site = Site::open(&mut stack).await;
    let other = stack.serve().await;
    let floor = Floor::open(&site, CAPACITY, json!({})).await;
    let crowd = crowd(mysql.url(), &site.visitor, CROWD + 1).await;
    let addresses = [&site.server.address, &other.address];
    let asked = crowd[1..].iter().zip(addresses.iter().cycle());
    let asked = asked.map(async |(customer, address)| floor.hold(&customer.at(address), QUANTITY).await);
    let held = acknowledged(&join_all(asked).await);
    assert_eq!(held.len(), WINNERS);
    assert_eq!(stored(mysql.url()).await, (held, CAPACITY - 1));

    let (late, there) = (crowd[0].at(&other.address), site.visitor.at(&other.address));
    floor.hold(&late, QUANTITY).await.refused("sold_out");
    let mut watcher = floor.watcher(&there).await;
    watcher.until_left(&floor.category, 1).await;
    floor.resize(&site, CAPACITY + 2).await.ok(200);
    floor.held(&late, QUANTITY).await;
    watcher.until_left(&floor.category, 0).await;
    stack.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_server_has_acknowledged_is_there_and_never_more_than_the_capacity() {
    let mysql = onsale_test_servers::mysql().await.fresh_database().await;
    let mut stack = Stack::on(mysql.url());
    let site = Site::open(&mut stack).await;
    let victim = stack.serve().await;
    let floor = Floor::open(&site, CAPACITY, json!({})).await;
    let crowd = crowd(mysql.url(), &site.visitor, CROWD).await;
    let order = json!({"type": "tickets", "performance_id": floor.sale.performance,
        "category_id": floor.category, "quantity": QUANTITY});
    let ask = move |number: usize, customer: Api| {
        let order = order.clone();
        async move { customer.try_post_as(&number.to_string(), "/v1/reservations", &order).await }
    };
    let answers = ask_while_killing(crowd, victim, KILL_AT, ask).await;
    let held = acknowledged(&answers);
    assert_eq!(held.len(), WINNERS);
    assert_eq!(stored(mysql.url()).await, (held, CAPACITY - 1), "what was acknowledged is there, and no more");
    stack.assert_sound().await;
}
