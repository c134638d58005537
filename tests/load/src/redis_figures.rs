//! What Redis says of itself.

use std::{str::FromStr, time::Duration};

use onsale_domain::ids::WaitingRoomId;
use redis::{Client, aio::MultiplexedConnection, cmd};

use crate::Failure;

/// A connection that asks a Redis for its figures.
pub struct RedisFigures(MultiplexedConnection);

impl RedisFigures {
    /// Connects.
    ///
    /// # Errors
    /// When there is no Redis at `url`.
    pub async fn connect(url: &str) -> Result<Self, Failure> {
        Ok(Self(Client::open(url)?.get_multiplexed_async_connection().await?))
    }

    /// Commands that it has processed, those of scripts included.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn commands(&mut self) -> Result<u64, Failure> {
        value(&self.info("stats").await?, "total_commands_processed:")
    }

    /// Bytes that it has allocated.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn memory_bytes(&mut self) -> Result<u64, Failure> {
        value(&self.info("memory").await?, "used_memory:")
    }

    /// Bytes of a room's line, every visitor looked at.
    ///
    /// # Errors
    /// When it does not answer, or there is no such line.
    pub async fn line_bytes(&mut self, room: WaitingRoomId) -> Result<u64, Failure> {
        let key = format!("{{onsale:room:{room}}}:line");
        let bytes: Option<u64> =
            cmd("MEMORY").arg("USAGE").arg(key).arg("SAMPLES").arg(0).query_async(&mut self.0).await?;
        bytes.ok_or_else(|| format!("the line of {room} is not in Redis").into())
    }

    /// The time that scripts have taken in it, to a microsecond each.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn script_time(&mut self) -> Result<Duration, Failure> {
        let info = self.info("commandstats").await?;
        let scripts = info.lines().filter(|line| ["eval:", "evalsha:"].iter().any(|name| is_of(line, name)));
        let micros =
            scripts.map(|line| value::<u64>(&line.replace(',', "\n"), "usec=")).sum::<Result<u64, Failure>>()?;
        Ok(Duration::from_micros(micros))
    }

    /// CPU time that it has used.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn cpu_seconds(&mut self) -> Result<f64, Failure> {
        let info = self.info("cpu").await?;
        Ok(value::<f64>(&info, "used_cpu_sys:")? + value::<f64>(&info, "used_cpu_user:")?)
    }

    async fn info(&mut self, section: &str) -> Result<String, Failure> {
        Ok(cmd("INFO").arg(section).query_async(&mut self.0).await?)
    }
}

fn is_of(line: &str, command: &str) -> bool {
    line.strip_prefix("cmdstat_").is_some_and(|rest| rest.starts_with(command))
}

fn value<T: FromStr<Err: Into<Failure>>>(info: &str, name: &str) -> Result<T, Failure> {
    let value = info.lines().find_map(|line| line.strip_prefix(name)).ok_or_else(|| format!("Redis has no {name}"))?;
    value.trim().parse().map_err(Into::into)
}
