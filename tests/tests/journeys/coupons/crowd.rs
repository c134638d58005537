//! Everybody at once, on two servers, of which one is killed in the middle.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use onsale_test_servers::private_mysql;
use onsale_tests::sales::customers;
use onsale_tests::server::Stack;
use onsale_tests::store::Store;
use serde_json::json;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::Campaign;
use crate::support::{Answer, Api, Site, Tokens, id};

const TOTAL: u32 = 1_000;
const CROWD: usize = 1_500;
/// How many coupons are acknowledged when a server is killed.
const KILL_AT: usize = 300;
/// How long anything may take for which a second or two are enough.
const LIMIT: Duration = Duration::from_mins(1);

/// Customers who are signed in at the server of `api`.
async fn crowd(url: &str, api: &Api, count: usize) -> Vec<Api> {
    let (store, tokens) = (Store::at(url).await, Tokens::new());
    let crowd = customers(&store, count).await;
    crowd.into_iter().map(|customer| api.with_token(&tokens.of(customer))).collect()
}

/// The coupons that were acknowledged.
fn coupons(answers: &[Answer]) -> BTreeSet<String> {
    let issued = answers.iter().filter(|answer| answer.status == 201);
    issued.map(|answer| id(&answer.json(), "coupon_id")).collect()
}

/// The coupons that are stored, by what an operator exports.
async fn exported(site: &Site, campaign: &Campaign) -> BTreeSet<String> {
    let file = site.operator.get(&campaign.path("/coupons.csv")).await;
    let rows = file.text.split_terminator("\r\n").skip(1);
    rows.map(|row| row.split(',').next().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_fifteen_hundred_at_two_servers_a_thousand_get_a_coupon_and_a_raise_is_known_to_both() {
    let mut mysql = private_mysql().await;
    let database = mysql.fresh_database().await;
    let mut stack = Stack::on(database.url());
    let site = Site::open(&mut stack).await;
    let other = stack.serve().await;
    let campaign = Campaign::open(&site, TOTAL, json!({})).await;
    let crowd = crowd(database.url(), &site.visitor, CROWD + 1).await;
    let addresses = [&site.server.address, &other.address];
    let asked = crowd[1..].iter().zip(addresses.iter().cycle());
    let answers = join_all(asked.map(async |(customer, address)| campaign.ask(&customer.at(address)).await)).await;
    let issued = coupons(&answers);
    assert_eq!(issued.len(), TOTAL as usize);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        answer.refused("campaign_exhausted");
    }
    assert_eq!(exported(&site, &campaign).await, issued);

    site.operator.patch(&campaign.path(""), json!({"total": TOTAL + 1})).await.ok(200);
    let late = crowd[0].at(&other.address);
    let raised = async {
        while campaign.ask(&late).await.status != 201 {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(LIMIT, raised).await.expect("the other server hears of it");
    campaign.ask(&crowd[0]).await.refused("already_issued");
    stack.assert_sound().await;

    let strangers = self::crowd(database.url(), &site.visitor, 1).await;
    let exhausted = async {
        while campaign.ask(&strangers[0]).await.status != 410 {
            sleep(Duration::from_millis(50)).await;
        }
        sleep(Duration::from_secs(1)).await; // until it is known who has the coupons
    };
    timeout(LIMIT, exhausted).await.expect("all are gone again");
    mysql.kill().await.unwrap();
    campaign.ask(&strangers[0]).await.refused("campaign_exhausted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_server_has_acknowledged_is_there_and_never_more_than_the_total() {
    let mysql = onsale_test_servers::mysql().await.fresh_database().await;
    let mut stack = Stack::on(mysql.url());
    let site = Site::open(&mut stack).await;
    let victim = stack.serve().await;
    let campaign = Arc::new(Campaign::open(&site, TOTAL, json!({})).await);
    let crowd = crowd(mysql.url(), &site.visitor, CROWD).await;
    let (acknowledged, somebody) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let clients: Vec<_> = crowd
        .into_iter()
        .enumerate()
        .map(|(number, customer)| {
            let (campaign, there) = (Arc::clone(&campaign), customer.at(&victim.address));
            let (acknowledged, somebody) = (Arc::clone(&acknowledged), Arc::clone(&somebody));
            tokio::spawn(async move {
                let first = if number % 2 == 0 { &there } else { &customer };
                let key = number.to_string();
                let asked = first.try_post_as(&key, &campaign.path("/coupons"), &json!({})).await;
                let answer = match asked {
                    Ok(answer) => answer,
                    Err(_) => customer.post_as(&key, &campaign.path("/coupons"), json!({})).await,
                };
                if answer.status == 201 {
                    acknowledged.fetch_add(1, Ordering::Relaxed);
                    somebody.notify_one();
                }
                answer
            })
        })
        .collect();
    let enough = async {
        while acknowledged.load(Ordering::Relaxed) < KILL_AT {
            somebody.notified().await;
        }
    };
    timeout(LIMIT, enough).await.expect("some are issued");
    victim.kill().await;
    let answers: Vec<_> = timeout(LIMIT, join_all(clients)).await.expect("everybody is answered");
    let answers: Vec<Answer> = answers.into_iter().map(Result::unwrap).collect();
    let told = coupons(&answers);
    let stored = exported(&site, &campaign).await;
    assert!(told.is_subset(&stored), "what was acknowledged is there");
    assert_eq!(stored.len(), TOTAL as usize, "and all, and no more");
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        answer.refused("campaign_exhausted");
    }
    stack.assert_sound().await;
}
