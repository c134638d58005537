use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ConnectionInfo, RedisError, RedisResult, Value, pipe};

use super::message::Envelope;
use super::way::{Way, connect, has_moved};
use crate::link::{MOST_REDIRECTIONS, redirected};
use crate::server::Redis;

/// The connection by which this replica speaks.
pub(super) struct Voice {
    info: ConnectionInfo,
    connection: MultiplexedConnection,
    way: Way,
}

impl Voice {
    /// To the node whose turn it is. Whoever calls it sets the limit.
    pub(super) async fn open(redis: &Redis) -> Result<Self, RedisError> {
        let info = redis.any_client().get_connection_info().clone();
        let mut connection = connect(info.clone(), AsyncConnectionConfig::new()).await?;
        let way = Way::over(&mut connection).await?;
        Ok(Self { info, connection, way })
    }

    /// Says all of `batch`, in order. What a node redirects was not said, and is said to the one that it names.
    pub(super) async fn say(&mut self, batch: &[Envelope]) -> Result<(), RedisError> {
        let mut waiting: Vec<_> = batch.iter().map(Envelope::write).collect();
        for _ in 0..MOST_REDIRECTIONS {
            let Some(moved) = self.try_to_say(&mut waiting).await? else { return Ok(()) };
            let Some(info) = redirected(&moved, &self.info) else { return Err(moved) };
            self.connection = connect(info.clone(), AsyncConnectionConfig::new()).await?;
            self.info = info;
        }
        self.try_to_say(&mut waiting).await?.map_or(Ok(()), Err)
    }

    /// Keeps what was redirected, and returns where to.
    async fn try_to_say(&mut self, waiting: &mut Vec<Vec<u8>>) -> Result<Option<RedisError>, RedisError> {
        let mut pipeline = pipe();
        for bytes in waiting.iter() {
            pipeline.add_command(self.way.publish(bytes.clone()));
        }
        let answers: Vec<RedisResult<Value>> = pipeline.ignore_errors().query_async(&mut self.connection).await?;
        let mut moved = None;
        let mut kept = Vec::new();
        for (bytes, answer) in std::mem::take(waiting).into_iter().zip(answers) {
            match answer {
                Ok(_) => {}
                Err(error) if has_moved(&error) => {
                    kept.push(bytes);
                    moved = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        *waiting = kept;
        Ok(moved)
    }
}
