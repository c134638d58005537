//! A Redis Cluster.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    time::{Instant, sleep},
};

use crate::{
    ServerError,
    process::{PrivateServer, Recipe, find_program, free_port},
    redis::READY,
};

/// Slots of a Cluster, and which of them each node begins with.
const SLOTS: [(u16, u16); 3] = [(0, 5_460), (5_461, 10_922), (10_923, 16_383)];
/// How long the nodes may take until they agree.
const AGREEMENT_LIMIT: Duration = Duration::from_secs(30);

/// Three nodes, each with a third of the slots and without a replica; they write nothing to disk by themselves.
pub struct RedisCluster {
    nodes: Vec<Node>,
}

struct Node {
    port: u16,
    bus_port: u16,
    server: PrivateServer,
}

/// A Cluster for one test alone, of private processes: containers would have to be told each other's addresses.
///
/// # Panics
/// When it cannot be started; the message says what to install.
pub async fn redis_cluster() -> RedisCluster {
    RedisCluster::start().await.unwrap_or_else(|error| panic!("{error}"))
}

impl RedisCluster {
    async fn start() -> Result<Self, ServerError> {
        let program = find_program("redis-server").ok_or(ServerError::NoRedisProgram)?;
        let mut nodes = Vec::new();
        for _ in SLOTS {
            nodes.push(start_node(program.clone()).await?);
        }
        let cluster = Self { nodes };
        cluster.introduce().await?;
        cluster.agree().await?;
        Ok(cluster)
    }

    /// Every node, as `redis://host:port,host:port,host:port`.
    #[must_use]
    pub fn url(&self) -> String {
        let addresses: Vec<_> = self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.port)).collect();
        format!("redis://{}", addresses.join(","))
    }

    /// Each node alone, as `redis://host:port`.
    #[must_use]
    pub fn node_urls(&self) -> Vec<String> {
        self.nodes.iter().map(|node| format!("redis://127.0.0.1:{}", node.port)).collect()
    }

    /// Kills a node with SIGKILL: everything in it is lost, and nobody takes its slots over.
    ///
    /// # Errors
    /// When it cannot be killed.
    ///
    /// # Panics
    /// When there is no such node.
    pub fn kill(&mut self, node: usize) -> Result<(), ServerError> {
        self.nodes[node].server.kill()
    }

    /// Gives each node its slots and makes the first one meet the others.
    async fn introduce(&self) -> Result<(), ServerError> {
        for ((first, last), (number, node)) in SLOTS.iter().zip((1..).zip(&self.nodes)) {
            tell(node.port, &format!("CLUSTER ADDSLOTSRANGE {first} {last}")).await?;
            // Two nodes with the same epoch could both claim a slot.
            tell(node.port, &format!("CLUSTER SET-CONFIG-EPOCH {number}")).await?;
        }
        for node in &self.nodes[1..] {
            tell(self.nodes[0].port, &format!("CLUSTER MEET 127.0.0.1 {} {}", node.port, node.bus_port)).await?;
        }
        Ok(())
    }

    async fn agree(&self) -> Result<(), ServerError> {
        const PAUSE: Duration = Duration::from_millis(50);
        let limit = Instant::now() + AGREEMENT_LIMIT;
        for node in &self.nodes {
            loop {
                let state = tell(node.port, "CLUSTER INFO").await?;
                if ["cluster_state:ok", "cluster_known_nodes:3", "cluster_size:3"]
                    .iter()
                    .all(|line| state.contains(line))
                {
                    break;
                }
                if Instant::now() >= limit {
                    let seconds = AGREEMENT_LIMIT.as_secs();
                    return Err(ServerError::Silent { server: "Redis Cluster", seconds, reason: state });
                }
                sleep(PAUSE).await;
            }
        }
        Ok(())
    }
}

async fn start_node(program: PathBuf) -> Result<Node, ServerError> {
    let folder = tempfile::Builder::new().prefix("onsale-redis-").tempdir().map_err(ServerError::Folder)?;
    let (port, bus_port) = (free_port()?, free_port()?);
    let mut arguments = vec![OsString::from("--port"), port.to_string().into(), "--dir".into(), folder.path().into()];
    arguments.extend(["--cluster-port".into(), bus_port.to_string().into()]);
    let fixed = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--cluster-enabled", "yes"];
    arguments.extend(fixed.map(OsString::from));
    let server = PrivateServer::start(Recipe { program, arguments, ready: READY }, folder).await?;
    Ok(Node { port, bus_port, server })
}

/// Sends one command; the answer, which may be any of Redis's simple kinds or one text.
async fn tell(port: u16, command: &str) -> Result<String, ServerError> {
    let failed = |reason| ServerError::Redis { command: command.to_owned(), reason };
    let answer = ask(port, command).await.map_err(|reason| failed(reason.to_string()))?;
    if answer.starts_with('-') { Err(failed(answer)) } else { Ok(answer) }
}

async fn ask(port: u16, command: &str) -> std::io::Result<String> {
    let mut stream = BufReader::new(TcpStream::connect(("127.0.0.1", port)).await?);
    stream.write_all(format!("{command}\r\n").as_bytes()).await?;
    let mut answer = String::new();
    stream.read_line(&mut answer).await?;
    let Some(length) = answer.strip_prefix('$').and_then(|length| length.trim().parse().ok()) else {
        return Ok(answer);
    };
    let mut text = vec![0; length];
    stream.read_exact(&mut text).await?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
