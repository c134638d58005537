//! A Cluster that is being rearranged.

use onsale_application::ports::PlacesError;
use onsale_test_servers::{RedisCluster, redis_cluster};

use crate::support::{OPEN, Subject, place, visitor};
use onsale_tests::redis::tell;

/// Who has a slot and who gets it.
pub(crate) struct Move {
    nodes: Vec<String>,
    slot: String,
    pub(crate) from: usize,
    pub(crate) to: usize,
}

impl Move {
    async fn of(cluster: &RedisCluster, subject: &Subject) -> Self {
        Self::of_key(cluster, &line_key(subject)).await
    }

    /// Of the slot of a key or a channel.
    pub(crate) async fn of_key(cluster: &RedisCluster, key: &str) -> Self {
        let nodes = cluster.node_urls();
        let slot = tell(&nodes[0], &format!("CLUSTER KEYSLOT {key}")).await;
        let slot = slot.trim_start_matches(':').to_owned();
        let from = usize::from(slot.parse::<u16>().unwrap() / 5_462);
        Self { nodes, slot, from, to: (from + 1) % 3 }
    }

    async fn id(&self, node: usize) -> String {
        tell(&self.nodes[node], "CLUSTER MYID").await
    }

    /// From now on the old owner redirects whoever asks for a key that it has no more.
    pub(crate) async fn begin(&self) {
        let importing = format!("CLUSTER SETSLOT {} IMPORTING {}", self.slot, self.id(self.from).await);
        tell(&self.nodes[self.to], &importing).await;
        let migrating = format!("CLUSTER SETSLOT {} MIGRATING {}", self.slot, self.id(self.to).await);
        tell(&self.nodes[self.from], &migrating).await;
    }

    async fn carry(&self, key: &str) {
        let port = self.nodes[self.to].rsplit_once(':').unwrap().1;
        tell(&self.nodes[self.from], &format!("MIGRATE 127.0.0.1 {port} {key} 0 5000")).await;
    }

    pub(crate) async fn end(&self) {
        let owner = self.id(self.to).await;
        for node in [self.to, self.from] {
            tell(&self.nodes[node], &format!("CLUSTER SETSLOT {} NODE {owner}", self.slot)).await;
        }
    }
}

fn line_key(subject: &Subject) -> String {
    format!("{{onsale:room:{}}}:line", subject.line.room)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_that_moves_to_another_node_is_found_there_and_begins_anew() {
    let cluster = redis_cluster().await;
    let subject = Subject::at(&cluster.url()).await;
    let visitors = subject.entered(3).await;
    let slot = Move::of(&cluster, &subject).await;

    slot.begin().await;
    assert_eq!(subject.enter(&visitors[0], OPEN).await, Ok(place(1, false)), "nothing has moved yet");
    slot.carry(&line_key(&subject)).await;
    slot.carry(&line_key(&subject).replace(":line", ":meta")).await;
    subject.assert_lost().await; // on the new node, by asking
    subject.begin(2, 1_000).await.unwrap();
    let subject = Subject { line: subject.of_epoch(2), ..subject };
    assert_eq!(subject.enter(&visitors[0], OPEN).await, Ok(place(1, false)), "who stood there still does");
    slot.end().await;
    assert_eq!(subject.enter(&visitor(), OPEN).await, Ok(place(1_001, true)));
    assert_eq!(subject.enter(&visitors[2], OPEN).await, Ok(place(3, false)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rooms_of_a_node_that_is_down_wait_and_others_go_on() {
    let mut cluster = redis_cluster().await;
    for node in cluster.node_urls() {
        tell(&node, "CONFIG SET cluster-require-full-coverage no").await;
    }
    let subjects = [Subject::at(&cluster.url()).await, Subject::at(&cluster.url()).await];
    let [down, up] = subjects_on_two_nodes(&cluster, subjects).await;
    let node = Move::of(&cluster, &down).await.from;
    cluster.kill(node).unwrap();
    for _ in 0..3 {
        assert!(matches!(down.enter(&visitor(), OPEN).await, Err(PlacesError::Unavailable(_))));
        assert!(up.enter(&visitor(), OPEN).await.is_ok());
    }
}

async fn subjects_on_two_nodes(cluster: &RedisCluster, [first, mut second]: [Subject; 2]) -> [Subject; 2] {
    let node = Move::of(cluster, &first).await.from;
    while Move::of(cluster, &second).await.from == node {
        second = Subject::at(&cluster.url()).await;
    }
    [first, second]
}
