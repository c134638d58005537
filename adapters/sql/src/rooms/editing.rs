//! Adding and changing rooms.

use chrono::{DateTime, Utc};
use onsale_application::ports::{
    Context, DrawRecord, OperatorActionKind, RoomChange, RoomEditError, RoomRecord, Unavailable,
};
use onsale_domain::ids::{AccountId, ConcertId, TenantId};
use onsale_domain::waiting_room::{Progress, RoomOwner, TENANT_ROOMS_LIMIT, WaitingRoom};

use super::desk::{Desk, Step, in_time};
use super::locked::LockedRoom;
use super::reads::SHOWN_AFTER_CLOSING;
use super::room;
use crate::catalogue::journal::{self, Line};
use crate::catalogue::only;
use crate::database::{SqlError, Statement, Transaction};
use crate::settling::attempt;

impl Desk {
    /// Adds a room.
    pub(super) async fn create(
        &self,
        room: &WaitingRoom,
        seed: Option<[u8; 32]>,
        operator: Option<AccountId>,
    ) -> Result<(), RoomEditError> {
        let room = room.clone().checked()?;
        let added = attempt(|| in_time(self.try_create(&room, seed, operator))).await.map_err(Unavailable::from)?;
        added.inspect(|change| self.announce(room.id, *change)).map(|_| ())
    }

    async fn try_create(
        &self,
        room: &WaitingRoom,
        seed: Option<[u8; 32]>,
        operator: Option<AccountId>,
    ) -> Result<Result<i64, RoomEditError>, SqlError> {
        let mut transaction = self.database.begin().await?;
        let progress = Progress::new(self.context.now());
        let change = progress.change;
        if room::load(&mut transaction, room.id).await?.is_some() {
            return Ok(Ok(change)); // by an earlier run
        }
        if let Some(concert) = room.concert
            && let Err(refusal) = unguarded(&mut transaction, concert).await?
        {
            return Ok(Err(refusal));
        }
        if let RoomOwner::Tenant(tenant) = room.owner
            && let Err(refusal) = below_limit(&mut transaction, tenant, self.context.now()).await?
        {
            return Ok(Err(refusal));
        }
        let draw = seed.map(|seed| DrawRecord { seed, entrants: None });
        room::insert(&mut transaction, &RoomRecord { room: room.clone(), progress, draw }).await?;
        if operator.is_some() {
            let line = Line::added(OperatorActionKind::WaitingRoomCreated, room.id.0, room);
            journal::write(&mut transaction, &self.context, operator, line).await?;
        }
        transaction.commit().await?;
        Ok(Ok(change))
    }
}

/// Whether a concert is there and has no waiting room that is not closed. Its row is the lock on that question.
async fn unguarded(transaction: &mut Transaction, concert: ConcertId) -> Result<Result<(), RoomEditError>, SqlError> {
    let locked = format!("SELECT 1 FROM concerts WHERE concert_id = ?{}", transaction.dialect().for_update());
    if transaction.fetch_optional(Statement::new(locked).bind(concert)).await?.is_none() {
        return Ok(Err(RoomEditError::UnknownConcert));
    }
    let guarded = Statement::new("SELECT 1 FROM waiting_rooms WHERE concert_id = ? AND closed_at IS NULL");
    let guarded = transaction.fetch_optional(guarded.bind(concert)).await?.is_some();
    Ok(if guarded { Err(RoomEditError::ConcertGuarded) } else { Ok(()) })
}

/// Whether a tenant may have one more live room. Its row is the lock on that question.
async fn below_limit(
    transaction: &mut Transaction,
    tenant: TenantId,
    now: DateTime<Utc>,
) -> Result<Result<(), RoomEditError>, SqlError> {
    let locked = format!("SELECT 1 FROM tenants WHERE tenant_id = ?{}", transaction.dialect().for_update());
    transaction.fetch_optional(Statement::new(locked).bind(tenant)).await?;
    let live = "SELECT COUNT(*) FROM waiting_rooms WHERE tenant_id = ? AND (closed_at IS NULL OR closed_at > ?)";
    let live = Statement::new(live).bind(tenant).bind(now - SHOWN_AFTER_CLOSING);
    let live: i64 = only(transaction.fetch_optional(live).await?)?.get(0)?;
    let limit = TENANT_ROOMS_LIMIT;
    Ok(if live < i64::from(limit) { Ok(()) } else { Err(RoomEditError::TooMany { limit }) })
}

/// A room's terms or its phase are changed.
pub(super) struct Change<'a> {
    pub(super) what: RoomChange,
    pub(super) operator: Option<AccountId>,
    pub(super) context: &'a Context,
}

impl Step for Change<'_> {
    type Outcome = Result<WaitingRoom, RoomEditError>;

    async fn apply(&self, transaction: &mut Transaction, room: &mut LockedRoom) -> Result<Self::Outcome, SqlError> {
        let before = room.record.room.clone();
        let after = match self.what.clone().applied_to(before.clone()) {
            Ok(after) => after,
            Err(refusal) => return Ok(Err(refusal)),
        };
        room.record.room = after.clone();
        if self.operator.is_some() && after != before {
            let line = Line::changed(OperatorActionKind::WaitingRoomChanged, after.id.0, &before, &after);
            journal::write(transaction, self.context, self.operator, line).await?;
        }
        Ok(Ok(after))
    }
}
