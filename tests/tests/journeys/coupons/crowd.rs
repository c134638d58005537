//! Everybody at once, on servers of which one is killed in the middle.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use onsale_test_servers::private_mysql;
use onsale_tests::server::{SECRET, Server, Stack};
use serde_json::json;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use super::Campaign;
use crate::support::{Answer, Api, Site, ask_while_killing, crowd, id, until};

const TOTAL: u32 = 1_000;
const CROWD: usize = 1_500;
/// How many coupons are acknowledged when a server is killed.
const KILL_AT: usize = 300;
/// How long anything may take for which a second or two are enough.
const LIMIT: Duration = Duration::from_mins(1);

impl Campaign {
    /// Asks for a coupon under a name; nothing when the server is killed meanwhile.
    async fn ask_as(&self, customer: &Api, number: usize) -> Result<Answer, reqwest::Error> {
        customer.try_post_as(&number.to_string(), &self.path("/coupons"), &json!({})).await
    }
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

/// How many campaigns a server refuses without asking the database.
async fn refused_from_memory(server: &Server) -> String {
    let metrics = Api::new(&server.admin).get("/metrics").await.text;
    let metric = |line: &str| line.strip_prefix("onsale_coupon_campaigns_refused_from_memory ").map(str::to_owned);
    metrics.lines().find_map(metric).unwrap_or_default()
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
    let mut last = None;
    until("the other server hears of it", async || {
        let answer = campaign.ask(&late).await;
        last = (answer.status == 201).then(|| id(&answer.json(), "coupon_id"));
        last.is_some()
    })
    .await;
    campaign.ask(&crowd[0]).await.refused("already_issued");
    let all: BTreeSet<String> = issued.into_iter().chain(last).collect();
    assert_eq!(all.len(), TOTAL as usize + 1);
    assert_eq!(exported(&site, &campaign).await, all, "an export is read in parts");
    stack.assert_sound().await;

    let stranger = &crate::support::crowd(database.url(), &site.visitor, 1).await[0];
    let servers = [&site.server, &other];
    for server in servers {
        campaign.ask(&stranger.at(&server.address)).await.refused("campaign_exhausted");
        until("it is known who has the coupons", async || refused_from_memory(server).await == "1").await;
    }
    mysql.kill().await.unwrap();
    for server in servers {
        campaign.ask(&stranger.at(&server.address)).await.refused("campaign_exhausted");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_server_has_acknowledged_is_there_and_never_more_than_the_total() {
    let mysql = onsale_test_servers::mysql().await.fresh_database().await;
    let mut stack = Stack::on(mysql.url());
    let site = Site::open(&mut stack).await;
    let victim = stack.serve().await;
    let campaign = Arc::new(Campaign::open(&site, TOTAL, json!({})).await);
    let crowd = crowd(mysql.url(), &site.visitor, CROWD).await;
    let asked = Arc::clone(&campaign);
    let ask = move |number, customer| {
        let campaign = Arc::clone(&asked);
        async move { campaign.ask_as(&customer, number).await }
    };
    let answers = ask_while_killing(crowd, victim, KILL_AT, ask).await;
    let told = coupons(&answers);
    let stored = exported(&site, &campaign).await;
    assert!(told.is_subset(&stored), "what was acknowledged is there");
    assert_eq!(stored.len(), TOTAL as usize, "and all, and no more");
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        answer.refused("campaign_exhausted");
    }
    stack.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_embedded_server_has_acknowledged_is_there_when_it_is_back() {
    const TOTAL: u32 = 400;
    const CROWD: usize = 600;
    const KILL_AT: usize = 150;
    let mut stack = Stack::embedded().with("ONSALE_TOKENS__SECRET", SECRET);
    let site = Site::open(&mut stack).await;
    let campaign = Arc::new(Campaign::open(&site, TOTAL, json!({})).await);
    let url = format!("sqlite://{}", stack.data_folder().join("onsale.sqlite").display());
    let crowd = crowd(&url, &site.visitor, CROWD).await;
    let (address, _) = watch::channel(Some(site.server.address.clone()));
    let (acknowledged, somebody) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let clients: Vec<_> = crowd
        .iter()
        .enumerate()
        .map(|(number, customer)| {
            let (campaign, customer, mut address) = (Arc::clone(&campaign), customer.clone(), address.subscribe());
            let (acknowledged, somebody) = (Arc::clone(&acknowledged), Arc::clone(&somebody));
            tokio::spawn(async move {
                loop {
                    let here = address.wait_for(Option::is_some).await.unwrap().clone();
                    let there = customer.at(here.as_deref().unwrap());
                    if let Ok(answer) = campaign.ask_as(&there, number).await {
                        if answer.status == 201 {
                            acknowledged.fetch_add(1, Ordering::Relaxed);
                            somebody.notify_one();
                        }
                        return answer;
                    }
                    drop(address.wait_for(|now| *now != here).await.unwrap());
                }
            })
        })
        .collect();
    let enough = async {
        while acknowledged.load(Ordering::Relaxed) < KILL_AT {
            somebody.notified().await;
        }
    };
    timeout(LIMIT, enough).await.expect("some are issued");
    address.send_replace(None);
    site.server.kill().await;
    let cut_off = clients.iter().filter(|client| !client.is_finished()).count();
    assert!(cut_off > 0, "it was killed in the middle");
    let site = Site::reopen(&stack).await;
    address.send_replace(Some(site.server.address.clone()));
    let answers: Vec<_> = timeout(LIMIT, join_all(clients)).await.expect("everybody is answered");
    let answers: Vec<Answer> = answers.into_iter().map(Result::unwrap).collect();
    let told = coupons(&answers);
    assert_eq!(told.len(), TOTAL as usize, "all, and no more");
    assert_eq!(exported(&site, &campaign).await, told, "what was acknowledged is there");
    for (number, (customer, first)) in crowd.iter().zip(&answers).enumerate() {
        let again = campaign.ask_as(&customer.at(&site.server.address), number).await.unwrap();
        if first.status == 201 {
            assert_eq!(again.ok(201), first.ok(201));
        } else {
            first.refused("campaign_exhausted");
            again.refused("campaign_exhausted");
        }
    }
    stack.assert_sound().await;
}
