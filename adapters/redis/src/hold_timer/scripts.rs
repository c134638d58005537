use chrono::{DateTime, TimeDelta, Utc};
use onsale_application::ports::{AlarmTerms, DeadAlarms, HoldAlarm, Unavailable};
use redis::{FromRedisValue, ToRedisArgs, from_redis_value};
use uuid::Uuid;

use super::CHANNEL;
use super::member::{Member, SHARDS};
use crate::link::{Call, Link, LinkError, Script};
use crate::server::Redis;

/// A script that knows the keys of its shard.
macro_rules! of_shard {
    ($name:literal) => {
        Script::new(
            concat!("timer_", $name),
            concat!(
                include_str!("../lua/run.lua"),
                include_str!("lua/shard.lua"),
                include_str!(concat!("lua/", $name, ".lua")),
            ),
        )
    };
}

/// The scripts, typed. Each file beside this one says what its script does.
pub(super) struct Shards {
    link: Link,
    /// The keys of each shard; the tag in braces puts them into one slot of a Cluster.
    keys: [[String; 5]; SHARDS],
    leases: Vec<i64>,
    dead_for: i64,
    set: Script,
    ring: Script,
    acknowledge: Script,
    dead: Script,
}

/// What ringing in one shard comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rung {
    /// Whether alarms may have been lost.
    pub(super) lost: bool,
    /// Leases that ended, so that their alarms are set again.
    pub(super) returned: u64,
    /// Alarms that are dead from now on.
    pub(super) died: u64,
    /// How many alarms there are, dead ones included.
    pub(super) known: usize,
    /// How many of them are dead.
    pub(super) dead: usize,
    /// When there will be something to do next.
    pub(super) next: Option<DateTime<Utc>>,
    /// The alarms that are leased now.
    pub(super) alarms: Vec<HoldAlarm>,
}

type RungAnswer = (bool, u64, u64, usize, usize, Option<i64>, Vec<Member>, Vec<i64>);
type DeadAnswer = (u64, u64, Vec<Member>, Vec<i64>);

impl Shards {
    pub(super) fn new(redis: Redis, terms: &AlarmTerms) -> Self {
        Self {
            link: Link::new(redis),
            keys: std::array::from_fn(|shard| {
                ["armed", "leased", "dead", "rung", "made"].map(|key| format!("{{onsale:timer:{shard}}}:{key}"))
            }),
            leases: terms.leases().iter().map(microseconds).collect(),
            dead_for: microseconds(&terms.dead_for()),
            set: of_shard!("set"),
            ring: of_shard!("ring"),
            acknowledge: of_shard!("acknowledge"),
            dead: of_shard!("dead"),
        }
    }

    /// Sets alarms, and takes those away that are due never; each member once.
    pub(super) async fn set(
        &self,
        shard: usize,
        changes: &[(Member, Option<DateTime<Utc>>)],
    ) -> Result<(), Unavailable> {
        let due = |due: &Option<DateTime<Utc>>| due.map_or_else(String::new, |due| due.timestamp_micros().to_string());
        let changes: Vec<_> = changes.iter().map(|(member, moment)| (*member, due(moment))).collect();
        self.run::<i64>(&self.set, shard, &(CHANNEL, shard, changes)).await.map(drop)
    }

    /// Leases up to `most` alarms that are due at `now`; `look` when it is time to look whether alarms were lost.
    pub(super) async fn ring(
        &self,
        shard: usize,
        now: DateTime<Utc>,
        most: usize,
        look: bool,
    ) -> Result<Rung, Unavailable> {
        let arguments = (now.timestamp_micros(), most, self.dead_for, i64::from(look), &self.leases);
        let answer: RungAnswer = self.run(&self.ring, shard, &arguments).await?;
        let (lost, returned, died, known, dead, next, members, moments) = answer;
        let next = next.map(moment).transpose()?;
        Ok(Rung { lost, returned, died, known, dead, next, alarms: alarms(members, moments)? })
    }

    pub(super) async fn acknowledge(&self, shard: usize, rung: &[(Member, i64)]) -> Result<(), Unavailable> {
        self.run::<i64>(&self.acknowledge, shard, &rung).await.map(drop)
    }

    pub(super) async fn dead(&self, shard: usize, most: usize) -> Result<DeadAlarms, Unavailable> {
        let (known, dead, members, moments): DeadAnswer = self.run(&self.dead, shard, &most).await?;
        Ok(DeadAlarms { known, dead, some: alarms(members, moments)? })
    }

    async fn run<T: FromRedisValue>(
        &self,
        script: &Script,
        shard: usize,
        arguments: &(impl ToRedisArgs + Sync),
    ) -> Result<T, Unavailable> {
        let call = Call { script, tag: Uuid::from_u128(shard as u128), keys: &self.keys[shard], arguments };
        match self.link.run(&call).await {
            Ok(answer) => from_redis_value(answer).map_err(Unavailable::because),
            Err(LinkError::Busy) => Err(Unavailable::because("too much is under way to Redis")),
            Err(LinkError::Unavailable(cause)) => Err(Unavailable::because(cause)),
        }
    }
}

fn microseconds(span: &TimeDelta) -> i64 {
    span.num_microseconds().unwrap_or(i64::MAX)
}

fn moment(micros: i64) -> Result<DateTime<Utc>, Unavailable> {
    DateTime::from_timestamp_micros(micros).ok_or_else(|| Unavailable::because("a moment is out of range"))
}

fn alarms(members: Vec<Member>, moments: Vec<i64>) -> Result<Vec<HoldAlarm>, Unavailable> {
    let alarm =
        |(Member { performance, reservation }, due)| Ok(HoldAlarm { reservation, performance, due: moment(due)? });
    members.into_iter().zip(moments).map(alarm).collect()
}
