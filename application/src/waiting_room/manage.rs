use std::sync::Arc;

use chrono::{DateTime, Utc};
use onsale_domain::ids::{AccountId, ApiKeyId, ConcertId, TenantId, WaitingRoomId};
use onsale_domain::tenant::{ApiKey, Tenant, checked_name};
use onsale_domain::text::TextError;
use onsale_domain::waiting_room::{Admit, Phase, RoomError, RoomOwner, WaitingRoom};
use thiserror::Error;

use super::{LiveRoom, RoomBoard};
use crate::ports::{
    CatalogueReader, Context, Page, QueueSeals, RoomChange, RoomEditError, Rooms, Tenants, Unavailable,
};

/// A room to add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRoom {
    /// The concert that it guards.
    pub concert: Option<ConcertId>,
    /// What it is called.
    pub name: String,
    /// How fast it lets in.
    pub admit: Admit,
    /// Visitors inside at most.
    pub capacity: u32,
    /// Visitors in line at most.
    pub max_waiting: u32,
    /// Seconds a pass is good.
    pub pass_seconds: u32,
    /// Seconds within which it must be used.
    pub claim_seconds: u32,
    /// Where visitors go.
    pub redirect_url: Option<String>,
    /// When the draw is made.
    pub opens_at: Option<DateTime<Utc>>,
    /// What visitors are told.
    pub message: Option<String>,
}

/// Why a room was not added or changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ManageRoomError {
    /// It is not valid.
    #[error(transparent)]
    Invalid(#[from] RoomError),
    /// There is no such concert.
    #[error("there is no such concert")]
    UnknownConcert,
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] RoomEditError),
    /// A store is away.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Adds, changes and finds rooms.
pub struct ManageRooms {
    rooms: Arc<dyn Rooms>,
    board: Arc<RoomBoard>,
    catalogue: Arc<dyn CatalogueReader>,
    seals: Arc<dyn QueueSeals>,
    context: Context,
}

impl ManageRooms {
    /// On these ports.
    #[must_use]
    pub fn new(
        rooms: Arc<dyn Rooms>,
        board: Arc<RoomBoard>,
        catalogue: Arc<dyn CatalogueReader>,
        seals: Arc<dyn QueueSeals>,
        context: Context,
    ) -> Self {
        Self { rooms, board, catalogue, seals, context }
    }

    /// Adds a room of `owner`'s: open at once, or gathering until its draw when it opens later.
    ///
    /// # Errors
    /// [`ManageRoomError`].
    pub async fn create(
        &self,
        owner: RoomOwner,
        new: NewRoom,
        operator: Option<AccountId>,
    ) -> Result<Arc<LiveRoom>, ManageRoomError> {
        if let Some(concert) = new.concert {
            let known = self.catalogue.concert(concert).await?;
            known.value.ok_or(ManageRoomError::UnknownConcert)?;
        }
        let now = self.context.now();
        let opens_at = new.opens_at.filter(|opens_at| now < *opens_at);
        let room = WaitingRoom {
            id: self.context.new_id(),
            owner,
            concert: new.concert,
            name: new.name,
            admit: new.admit,
            capacity: new.capacity,
            max_waiting: new.max_waiting,
            pass_seconds: new.pass_seconds,
            claim_seconds: new.claim_seconds,
            redirect_url: new.redirect_url,
            opens_at,
            message: new.message,
            phase: if opens_at.is_some() { Phase::Gathering } else { Phase::Open },
            created_at: now,
        };
        let room = room.checked()?;
        let seed = opens_at.map(|_| self.seals.new_seed());
        self.rooms.create(&room, seed, operator).await?;
        self.board.room(room.id).await?.ok_or(ManageRoomError::Store(RoomEditError::UnknownRoom))
    }

    /// Changes a room.
    ///
    /// # Errors
    /// [`ManageRoomError`].
    pub async fn change(
        &self,
        room: WaitingRoomId,
        change: RoomChange,
        operator: Option<AccountId>,
    ) -> Result<Arc<LiveRoom>, ManageRoomError> {
        self.rooms.change(room, change, operator).await?;
        let live = self.board.room(room).await?.ok_or(ManageRoomError::Store(RoomEditError::UnknownRoom))?;
        self.board.refresh(&live).await?;
        Ok(live)
    }

    /// A room.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn room(&self, id: WaitingRoomId) -> Result<Option<Arc<LiveRoom>>, Unavailable> {
        self.board.room(id).await
    }

    /// The room in front of a concert, if there is one.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn guarding(&self, concert: ConcertId) -> Result<Option<WaitingRoomId>, Unavailable> {
        Ok(self.board.guarding(concert)?.map(|room| room.id()))
    }

    /// Rooms of an owner, or of everybody, newest first.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn list(
        &self,
        owner: Option<RoomOwner>,
        before: Option<WaitingRoomId>,
        limit: u32,
    ) -> Result<Page<WaitingRoom, WaitingRoomId>, Unavailable> {
        self.rooms.list(owner, before, limit).await
    }
}

/// An API key, shown once.
#[derive(Clone, PartialEq, Eq)]
pub struct NewApiKey {
    /// What is kept of it.
    pub kept: ApiKey,
    /// The key itself.
    pub key: String,
}

/// Why a tenant or a key was not added.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ManageTenantError {
    /// The name is not valid.
    #[error(transparent)]
    Name(#[from] TextError),
    /// There is no such tenant.
    #[error("there is no such tenant")]
    UnknownTenant,
    /// The store failed.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Adds tenants, and gives and takes their API keys.
pub struct ManageTenants {
    tenants: Arc<dyn Tenants>,
    seals: Arc<dyn QueueSeals>,
    context: Context,
}

impl ManageTenants {
    /// On these ports.
    #[must_use]
    pub fn new(tenants: Arc<dyn Tenants>, seals: Arc<dyn QueueSeals>, context: Context) -> Self {
        Self { tenants, seals, context }
    }

    /// Adds a tenant.
    ///
    /// # Errors
    /// [`ManageTenantError`].
    pub async fn add(&self, name: &str, operator: AccountId) -> Result<Tenant, ManageTenantError> {
        let tenant = Tenant { id: self.context.new_id(), name: checked_name(name)?, created_at: self.context.now() };
        self.tenants.add(&tenant, operator).await?;
        Ok(tenant)
    }

    /// Gives a tenant another key.
    ///
    /// # Errors
    /// [`ManageTenantError`].
    pub async fn add_key(
        &self,
        tenant: TenantId,
        name: &str,
        operator: AccountId,
    ) -> Result<NewApiKey, ManageTenantError> {
        let key = self.seals.new_api_key();
        let kept =
            ApiKey { id: self.context.new_id(), tenant, name: checked_name(name)?, created_at: self.context.now() };
        if self.tenants.add_key(&kept, self.seals.digest(&key), operator).await? {
            Ok(NewApiKey { kept, key })
        } else {
            Err(ManageTenantError::UnknownTenant)
        }
    }

    /// Revokes a key; false when there is no such key.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn revoke_key(&self, tenant: TenantId, key: ApiKeyId, operator: AccountId) -> Result<bool, Unavailable> {
        self.tenants.revoke_key(tenant, key, self.context.now(), operator).await
    }

    /// Whose key this is.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn tenant_of(&self, key: &str) -> Result<Option<TenantId>, Unavailable> {
        let digest = self.seals.digest(key);
        Ok(self.tenants.by_digest(&digest).await?.map(|key| key.tenant))
    }
}
