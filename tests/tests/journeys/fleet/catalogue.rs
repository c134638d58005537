//! What an operator changes at one server is seen at every other, whatever Redis does.

use onsale_test_servers::{mysql, private_redis};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::link::{Link, State};
use super::{Fleet, LIMIT, PAUSE};
use crate::support::{Api, id};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_changed_at_one_server_is_seen_at_all_of_them_with_and_without_redis() {
    let (database, mut redis) = (mysql().await.fresh_database().await, private_redis().await);
    let link = Link::to(redis.url()).await;
    let mut fleet = Fleet::open(database.url(), redis.url()).await;
    fleet.join(&[]).await;
    let url = link.url();
    fleet.join(&[("ONSALE_REDIS_URL", &url)]).await;
    let mut programme = Programme::of(&fleet);
    programme.changes_at_each().await;
    link.be(State::Silent);
    programme.changes_at_each().await;
    redis.kill().await.unwrap();
    programme.changes_at_each().await;
    link.be(State::Good);
    redis.start().await.unwrap();
    programme.changes_at_each().await;
    drop(programme);
    fleet.stack.assert_sound().await;
    redis.stop().await.unwrap();
}

/// A concert whose title is a number that rises, an operator at each server, and a reader at each.
struct Programme {
    concert: String,
    operators: Vec<Api>,
    title: u64,
    /// The title that each reader saw last.
    seen: Vec<watch::Receiver<u64>>,
    _readers: JoinSet<()>,
}

impl Programme {
    fn of(fleet: &Fleet) -> Self {
        let concert = format!("/v1/concerts/{}", fleet.sale.concert);
        let operators = fleet.servers.iter().map(|server| fleet.operator.at(&server.address)).collect();
        let (mut seen, mut readers) = (Vec::new(), JoinSet::new());
        for server in &fleet.servers {
            let (teller, told) = watch::channel(0);
            seen.push(told);
            readers.spawn(read(fleet.visitor.at(&server.address), concert.clone(), teller));
        }
        Self { concert, operators, title: 0, seen, _readers: readers }
    }

    /// Changes the title at one server after the other; each change is seen at all of them before the next is made.
    async fn changes_at_each(&mut self) {
        for operator in &self.operators {
            self.title += 1;
            operator.patch(&self.concert, json!({"title": self.title.to_string()})).await.ok(200);
            for seen in &mut self.seen {
                let sees = timeout(LIMIT, seen.wait_for(|title| *title == self.title)).await;
                sees.expect("a change is seen everywhere").expect("every reader reads on");
            }
        }
    }
}

/// Reads the concert and the list again and again; neither goes back to what was before.
async fn read(visitor: Api, concert: String, teller: watch::Sender<u64>) {
    let (mut shown, mut listed) = (0, 0);
    loop {
        let now = title(&visitor.get(&concert).await.ok(200));
        assert!(now >= shown, "{shown} was seen, and then {now}");
        shown = now;
        let now = title(&visitor.get("/v1/concerts").await.ok(200)["items"][0]);
        assert!(now >= listed, "{listed} was seen in the list, and then {now}");
        listed = now;
        teller.send_replace(shown.min(listed));
        sleep(PAUSE).await;
    }
}

/// Before it is changed for the first time it is no number.
fn title(concert: &Value) -> u64 {
    id(concert, "title").parse().unwrap_or(0)
}
