//! Values on their way into a statement.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use onsale_domain::ids::{
    AccountId, ApiKeyId, CategoryId, ChargeId, ConcertId, CouponCampaignId, CouponId, EntryId, ItemId,
    OperatorActionId, PassId, PaymentId, PerformanceId, RefundId, ReservationId, SeatingPlanId, SessionId, TenantId,
    WaitingRoomId,
};
use onsale_domain::money::{Amount, Currency};
use onsale_domain::waiting_room::VisitorId;
use sqlx::Arguments;
use sqlx::error::BoxDynError;
use sqlx::mysql::MySqlArguments;
use sqlx::sqlite::SqliteArguments;
use uuid::Uuid;

/// A value that is bound to a placeholder.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `NULL`.
    Null,
    /// A whole number, also a truth value: 0 or 1.
    Integer(i64),
    /// A fraction.
    Real(f64),
    /// Text.
    Text(Cow<'static, str>),
    /// Bytes.
    Bytes(Vec<u8>),
    /// An id: 16 bytes.
    Id(Uuid),
    /// A moment: `DATETIME(6)` on MySQL, whole microseconds since 1970 on SQLite.
    Time(DateTime<Utc>),
}

impl Value {
    pub(super) fn add_to_mysql(self, arguments: &mut MySqlArguments) -> Result<(), BoxDynError> {
        match self {
            Self::Null => arguments.add(None::<i64>),
            Self::Integer(value) => arguments.add(value),
            Self::Real(value) => arguments.add(value),
            Self::Text(value) => arguments.add(&*value),
            Self::Bytes(value) => arguments.add(&*value),
            Self::Id(value) => arguments.add(&value.as_bytes()[..]),
            Self::Time(value) => arguments.add(value.naive_utc()),
        }
    }

    pub(super) fn add_to_sqlite(self, arguments: &mut SqliteArguments) -> Result<(), BoxDynError> {
        match self {
            Self::Null => arguments.add(None::<i64>),
            Self::Integer(value) => arguments.add(value),
            Self::Real(value) => arguments.add(value),
            Self::Text(value) => arguments.add(value.into_owned()),
            Self::Bytes(value) => arguments.add(value),
            Self::Id(value) => arguments.add(value.as_bytes().to_vec()),
            Self::Time(value) => arguments.add(value.timestamp_micros()),
        }
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(Cow::Owned(value.to_owned()))
    }
}

impl From<&VisitorId> for Value {
    fn from(visitor: &VisitorId) -> Self {
        visitor.as_str().into()
    }
}

macro_rules! values {
    ($($type:ty => |$value:ident| $made:expr),+ $(,)?) => {$(
        impl From<$type> for Value {
            fn from($value: $type) -> Self {
                $made
            }
        }
    )+};
}

values! {
    i64 => |value| Self::Integer(value),
    i32 => |value| Self::Integer(value.into()),
    u32 => |value| Self::Integer(value.into()),
    u16 => |value| Self::Integer(value.into()),
    u8 => |value| Self::Integer(value.into()),
    bool => |value| Self::Integer(value.into()),
    f64 => |value| Self::Real(value),
    String => |value| Self::Text(Cow::Owned(value)),
    Vec<u8> => |value| Self::Bytes(value),
    &[u8] => |value| Self::Bytes(value.to_vec()),
    [u8; 32] => |value| Self::Bytes(value.to_vec()),
    Uuid => |value| Self::Id(value),
    DateTime<Utc> => |value| Self::Time(value),
    Amount => |value| Self::Integer(value.units()),
    Currency => |value| Self::Text(Cow::Owned(value.into())),
}

macro_rules! ids {
    ($($id:ident),+ $(,)?) => {$(
        impl From<$id> for Value {
            fn from(id: $id) -> Self {
                Self::Id(id.0)
            }
        }

        impl super::Column for $id {
            fn read(row: &super::Row, index: usize) -> Result<Option<Self>, super::SqlError> {
                Ok(<Uuid as super::Column>::read(row, index)?.map(Self))
            }
        }
    )+};
}

ids! {
    AccountId, ApiKeyId, CategoryId, ChargeId, ConcertId, CouponCampaignId, CouponId, EntryId, ItemId, OperatorActionId, PassId, PaymentId,
    PerformanceId, RefundId, ReservationId, SeatingPlanId, SessionId, TenantId, WaitingRoomId,
}
