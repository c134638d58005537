use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ConnectionInfo, ProtocolVersion, PushInfo, PushKind, RedisError, Value};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{self, Receiver};

use super::way::{Way, connect, has_moved};
use crate::link::{MOST_REDIRECTIONS, redirected};
use crate::server::Redis;

/// The connection by which this replica hears.
pub(super) struct Ear {
    pushes: Receiver<PushInfo>,
    /// Kept because it closes when it is dropped.
    _connection: MultiplexedConnection,
}

impl Ear {
    /// At the node whose turn it is, or where that one redirects. Whoever calls it sets the limit.
    pub(super) async fn open(redis: &Redis) -> Result<Self, RedisError> {
        let mut info = pushing(redis.any_client().get_connection_info());
        for _ in 0..MOST_REDIRECTIONS {
            match Self::at(&info, redis.settings().bus_queue).await {
                Err(error) if has_moved(&error) => info = redirected(&error, &info).ok_or(error)?,
                opened => return opened,
            }
        }
        Self::at(&info, redis.settings().bus_queue).await
    }

    async fn at(info: &ConnectionInfo, capacity: usize) -> Result<Self, RedisError> {
        let (sender, pushes) = mpsc::channel(capacity.min(Semaphore::MAX_PERMITS));
        // What does not fit is dropped: the count of the messages tells, and of a connection that ended its silence.
        let config = AsyncConnectionConfig::new().set_push_sender(move |push| sender.try_send(push));
        let mut connection = connect(info.clone(), config).await?;
        let way = Way::over(&mut connection).await?;
        way.subscribe().exec_async(&mut connection).await?;
        Ok(Self { pushes, _connection: connection })
    }

    /// The next message.
    ///
    /// # Errors
    /// Why there will be none any more.
    pub(super) async fn next(&mut self) -> Result<Vec<u8>, &'static str> {
        loop {
            let PushInfo { kind, data } = self.pushes.recv().await.ok_or("the connection ended")?;
            match kind {
                PushKind::Message | PushKind::SMessage => {
                    if let Some(Value::BulkString(bytes)) = data.into_iter().nth(1) {
                        return Ok(bytes);
                    }
                    return Err("the connection carries something else");
                }
                PushKind::Unsubscribe | PushKind::SUnsubscribe => return Err("the channel moved to another node"),
                PushKind::Disconnection => return Err("the connection ended"),
                _ => {}
            }
        }
    }
}

/// Messages come unasked, which takes version 3 of the protocol.
fn pushing(info: &ConnectionInfo) -> ConnectionInfo {
    let redis = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    info.clone().set_redis_settings(redis)
}
