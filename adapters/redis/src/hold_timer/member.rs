use onsale_domain::ids::{PerformanceId, ReservationId};
use redis::{FromRedisValue, ParsingError, RedisWrite, ToRedisArgs, Value};
use uuid::Uuid;

/// Parts of the timer, each on one node of a Cluster. The same in every version that runs at the same time: each replica
/// looks for an alarm where the others put it.
pub(super) const SHARDS: usize = 8;

/// A hold as it stands in a sorted set: the 16 bytes of its performance, then those of its reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Member {
    pub(super) performance: PerformanceId,
    pub(super) reservation: ReservationId,
}

impl Member {
    /// Where its alarm is: all holds of a performance share a shard, so that those that come together share a script.
    pub(super) const fn shard(&self) -> usize {
        (self.performance.0.as_u128() % SHARDS as u128) as usize
    }

    fn bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes[..16].copy_from_slice(self.performance.0.as_bytes());
        bytes[16..].copy_from_slice(self.reservation.0.as_bytes());
        bytes
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (performance, reservation) = bytes.split_at_checked(16)?;
        let performance = PerformanceId(Uuid::from_slice(performance).ok()?);
        let reservation = ReservationId(Uuid::from_slice(reservation).ok()?);
        Some(Self { performance, reservation })
    }
}

impl ToRedisArgs for Member {
    fn write_redis_args<W: ?Sized + RedisWrite>(&self, out: &mut W) {
        out.write_arg(&self.bytes());
    }
}

impl FromRedisValue for Member {
    fn from_redis_value(value: Value) -> Result<Self, ParsingError> {
        match &value {
            Value::BulkString(bytes) => Self::read(bytes).ok_or_else(|| "a member is not of 32 bytes".into()),
            _ => Err("a member is no string".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_takes_32_bytes_and_is_read_as_it_was_written() {
        let member = Member {
            performance: PerformanceId(Uuid::from_u128(0x0102 << 112)),
            reservation: ReservationId(Uuid::from_u128(7)),
        };
        assert_eq!(member.bytes()[..3], [1, 2, 0]);
        assert_eq!(Member::from_redis_value(Value::BulkString(member.bytes().to_vec())), Ok(member));
        for bytes in [&[0; 31][..], &[0; 33], &[]] {
            assert!(Member::from_redis_value(Value::BulkString(bytes.to_vec())).is_err());
        }
    }

    #[test]
    fn performances_spread_over_all_shards() {
        let shard =
            |id| Member { performance: PerformanceId(Uuid::from_u128(id)), reservation: Uuid::nil().into() }.shard();
        let shards: std::collections::BTreeSet<_> = (0..100).map(shard).collect();
        assert_eq!(shards, (0..SHARDS).collect());
    }
}
