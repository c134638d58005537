use async_trait::async_trait;
use futures_util::future::join_all;
use onsale_application::ports::{HelperHealth, Unavailable};
use redis::{Cmd, cmd, from_redis_value};
use tokio::time::Instant;

use crate::link::Node;
use crate::metrics::LinkMetrics;
use crate::server::{Redis, is_cluster};

/// Asks every node that the settings name how it is.
pub struct RedisHealth {
    redis: Redis,
    nodes: Vec<Node>,
}

/// What the nodes said.
struct Said<'a> {
    /// A node that answered, and whether it is of a Cluster.
    answered: Option<(&'a Node, bool)>,
    /// How many answered.
    count: usize,
    /// Why the others did not.
    troubles: Vec<String>,
}

impl RedisHealth {
    /// The health of `redis`. A recorder of metrics must be installed before, or nothing is recorded.
    #[must_use]
    pub fn new(redis: Redis) -> Self {
        let metrics = LinkMetrics::new();
        let nodes = redis.clients().iter().map(|client| Node::new(client.clone(), metrics.clone())).collect();
        Self { redis, nodes }
    }

    async fn ask_every_node(&self, deadline: Instant) -> Said<'_> {
        let mut about_cluster = cmd("INFO");
        about_cluster.arg("cluster");
        let answers = join_all(self.nodes.iter().map(|node| ask(node, &about_cluster, deadline))).await;
        let mut said = Said { answered: None, count: 0, troubles: Vec::new() };
        for (node, answer) in self.nodes.iter().zip(answers) {
            match answer {
                Ok(about) => {
                    said.answered.get_or_insert((node, is_cluster(&about)));
                    said.count += 1;
                }
                Err(trouble) => said.troubles.push(trouble),
            }
        }
        said
    }
}

/// What a node says to a command, as text.
async fn ask(node: &Node, command: &Cmd, deadline: Instant) -> Result<String, String> {
    let answer = node.ask(command, false, deadline).await.map_err(|failure| failure.to_string());
    let text = answer.and_then(|answer| from_redis_value(answer).map_err(|error| error.to_string()));
    text.map_err(|cause| format!("{}: {cause}", node.address()))
}

#[async_trait]
impl HelperHealth for RedisHealth {
    fn name(&self) -> &'static str {
        "redis"
    }

    /// One server is well when it answers; a Cluster when a node that answers says so, and others may be away.
    async fn status(&self) -> Result<String, Unavailable> {
        let deadline = Instant::now() + self.redis.timeout();
        let Said { answered, count, troubles } = self.ask_every_node(deadline).await;
        let troubles = troubles.join("; ");
        let Some((node, is_cluster)) = answered else { return Err(Unavailable::because(troubles)) };
        if is_cluster {
            let state = ask(node, cmd("CLUSTER").arg("INFO"), deadline).await.map_err(Unavailable::because)?;
            if !state.contains("cluster_state:ok") {
                let cause = format!("{}: the Cluster has slots that no node serves; {troubles}", node.address());
                return Err(Unavailable::because(cause.trim_end_matches("; ")));
            }
        }
        let answer = format!("{count} of {} nodes answer; {troubles}", self.nodes.len());
        Ok(answer.trim_end_matches("; ").to_owned())
    }
}
