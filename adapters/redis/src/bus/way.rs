use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Cmd, ConnectionInfo, ErrorKind, RedisError, ServerErrorKind, cmd};

use super::CHANNEL;
use crate::server::is_cluster;

/// How announcements go over a Redis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Over the one server that there is.
    Server,
    /// Over the node that has the channel's slot, which is found by its redirections. On a Cluster every node would pass
    /// an ordinary message on to all others.
    Shard,
}

impl Way {
    /// The way over the Redis at the other end of `connection`.
    pub(super) async fn over(connection: &mut MultiplexedConnection) -> Result<Self, RedisError> {
        let about: String = cmd("INFO").arg("cluster").query_async(connection).await?;
        Ok(if is_cluster(&about) { Self::Shard } else { Self::Server })
    }

    pub(super) fn subscribe(self) -> Cmd {
        self.command("SUBSCRIBE", "SSUBSCRIBE")
    }

    pub(super) fn publish(self, bytes: Vec<u8>) -> Cmd {
        let mut command = self.command("PUBLISH", "SPUBLISH");
        command.arg(bytes);
        command
    }

    fn command(self, on_a_server: &str, on_a_shard: &str) -> Cmd {
        let mut command = cmd(if self == Self::Shard { on_a_shard } else { on_a_server });
        command.arg(CHANNEL);
        command
    }
}

/// Whether the channel's slot is elsewhere.
pub(super) fn has_moved(error: &RedisError) -> bool {
    matches!(error.kind(), ErrorKind::Server(ServerErrorKind::Moved))
}

/// Connects; whoever calls it sets the limit.
pub(super) async fn connect(
    info: ConnectionInfo,
    config: AsyncConnectionConfig,
) -> Result<MultiplexedConnection, RedisError> {
    let config = config.set_connection_timeout(None::<Duration>).set_response_timeout(None::<Duration>);
    redis::Client::open(info)?.get_multiplexed_async_connection_with_config(&config).await
}
