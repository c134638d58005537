use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use onsale_domain::concert::{Concert, ConcertError};
use onsale_domain::ids::{AccountId, CategoryId, ConcertId, OperatorActionId, PerformanceId, SeatingPlanId};
use onsale_domain::money::Amount;
use onsale_domain::performance::{CategoryKind, Performance, PerformanceError, SalesStatus};
use onsale_domain::plan::{PlanError, SeatingPlan};
use thiserror::Error;

use super::{Page, Unavailable};

/// A value of the catalogue and how recent it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Versioned<T> {
    /// The value.
    pub value: T,
    /// The catalogue's generation when it was read: it shows every change up to that one.
    pub generation: i64,
    /// When it was read from SQL; staleness counts from here.
    pub read_at: DateTime<Utc>,
}

/// Which concerts to list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ConcertFilter {
    /// Only those whose title or venue has this text, whatever the case.
    pub text: Option<String>,
    /// Only those with a performance that starts at this moment or later.
    pub from: Option<DateTime<Utc>>,
    /// Only those with a performance that starts before this moment.
    pub to: Option<DateTime<Utc>>,
    /// Only those made before this one.
    pub before: Option<ConcertId>,
    /// At most this many.
    pub limit: u32,
}

/// A concert with all of its performances, by date.
#[derive(Clone, Debug, PartialEq)]
pub struct ConcertListing {
    /// The concert.
    pub concert: Concert,
    /// Its performances, those that are being prepared among them.
    pub performances: Vec<Arc<Performance>>,
}

/// Reads concerts, performances and plans.
#[async_trait]
pub trait CatalogueReader: Send + Sync {
    /// Concerts with their performances, newest first.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn concerts(
        &self,
        filter: &ConcertFilter,
    ) -> Result<Versioned<Arc<Page<Arc<ConcertListing>, ConcertId>>>, Unavailable>;

    /// A concert with its performances.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn concert(&self, id: ConcertId) -> Result<Versioned<Option<Arc<ConcertListing>>>, Unavailable>;

    /// A performance.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn performance(&self, id: PerformanceId) -> Result<Versioned<Option<Arc<Performance>>>, Unavailable>;

    /// A seating plan; it never changes.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn seating_plan(&self, id: SeatingPlanId) -> Result<Option<Arc<SeatingPlan>>, Unavailable>;

    /// The number that every change of the catalogue raises.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn generation(&self) -> Result<i64, Unavailable>;
}

/// A performance to add. Its seats are those of the plan; every category that has seats needs a price. Without a plan it
/// has allotments only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PerformanceDraft {
    /// The performance, with [`SalesStatus::Preparing`] and no categories.
    pub performance: Performance,
    /// The price of each category of the plan.
    pub prices: Vec<(CategoryId, Amount)>,
    /// Its tickets without seats.
    pub allotments: Vec<AllotmentDraft>,
}

/// Tickets without seats to add with a performance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllotmentDraft {
    /// The category that they become.
    pub id: CategoryId,
    /// What it is called; nothing when its area in the plan says it.
    pub name: Option<String>,
    /// Its colour on the map; nothing when its area in the plan says it, or there is none.
    pub color: Option<String>,
    /// The area of the plan that they are for: its index there.
    pub area: Option<u16>,
    /// How many there are.
    pub capacity: u32,
    /// What one costs.
    pub price: Amount,
}

/// What to change on a concert; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConcertChange {
    /// A new title.
    pub title: Option<String>,
    /// A new description, or none.
    pub description: Option<Option<String>>,
    /// A new picture, or none.
    pub image_url: Option<Option<String>>,
    /// A new venue.
    pub venue: Option<String>,
}

/// What to change on a performance; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PerformanceChange {
    /// A new start.
    pub starts_at: Option<DateTime<Utc>>,
    /// A new time zone.
    pub time_zone: Option<Tz>,
    /// A new venue.
    pub venue: Option<String>,
    /// A new opening of sales.
    pub sales_open_at: Option<DateTime<Utc>>,
    /// A new end of sales.
    pub sales_close_at: Option<DateTime<Utc>>,
    /// A new end of refunds.
    pub refundable_until: Option<DateTime<Utc>>,
    /// A new length of holds, in seconds; holds that exist keep theirs.
    pub hold_seconds: Option<u32>,
    /// A new limit.
    pub max_seats_per_customer: Option<u32>,
    /// Stop, resume or cancel; never [`SalesStatus::Preparing`].
    pub status: Option<SalesStatus>,
    /// New prices of categories that the performance has; holds that exist keep theirs.
    pub prices: Vec<(CategoryId, Amount)>,
    /// New capacities of allotments, not below what is taken.
    pub capacities: Vec<(CategoryId, u32)>,
}

impl ConcertChange {
    /// `concert` with the changes.
    #[must_use]
    pub fn applied_to(self, concert: Concert) -> Concert {
        Concert {
            id: concert.id,
            title: self.title.unwrap_or(concert.title),
            description: self.description.unwrap_or(concert.description),
            image_url: self.image_url.unwrap_or(concert.image_url),
            venue: self.venue.unwrap_or(concert.venue),
        }
    }
}

impl PerformanceChange {
    /// `performance` with the changes.
    ///
    /// # Errors
    /// [`EditError::UnknownCategory`] for a price of a category that the performance does not have;
    /// [`EditError::UnknownAllotment`] for a capacity of one that is no allotment;
    /// [`EditError::Cancelled`] when a cancelled performance would be sold again.
    pub fn applied_to(self, performance: Performance) -> Result<Performance, EditError> {
        let mut categories = performance.categories;
        for (category, price) in self.prices {
            let priced = categories.iter_mut().find(|priced| priced.id == category);
            priced.ok_or(EditError::UnknownCategory { category })?.price = price;
        }
        for (category, new) in self.capacities {
            let found = categories.iter_mut().find(|priced| priced.id == category).map(|priced| &mut priced.kind);
            let Some(CategoryKind::Allotment { capacity, .. }) = found else {
                return Err(EditError::UnknownAllotment { category });
            };
            *capacity = new;
        }
        let status = self.status.unwrap_or(performance.status);
        if performance.status == SalesStatus::Cancelled && status != SalesStatus::Cancelled {
            return Err(EditError::Cancelled);
        }
        Ok(Performance {
            starts_at: self.starts_at.unwrap_or(performance.starts_at),
            time_zone: self.time_zone.unwrap_or(performance.time_zone),
            venue: self.venue.unwrap_or(performance.venue),
            sales_open_at: self.sales_open_at.unwrap_or(performance.sales_open_at),
            sales_close_at: self.sales_close_at.unwrap_or(performance.sales_close_at),
            refundable_until: self.refundable_until.unwrap_or(performance.refundable_until),
            hold_seconds: self.hold_seconds.unwrap_or(performance.hold_seconds),
            max_seats_per_customer: self.max_seats_per_customer.unwrap_or(performance.max_seats_per_customer),
            status,
            categories,
            ..performance
        })
    }
}

/// Why a change of the catalogue did not happen. Nothing has changed then.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EditError {
    /// There is no such concert.
    #[error("there is no such concert")]
    UnknownConcert,
    /// There is no such performance.
    #[error("there is no such performance")]
    UnknownPerformance,
    /// There is no such seating plan.
    #[error("there is no such seating plan")]
    UnknownPlan,
    /// The plan or performance has no such category.
    #[error("there is no category {category}")]
    UnknownCategory {
        /// Which.
        category: CategoryId,
    },
    /// A category of the plan that has seats has no price.
    #[error("category {category} has seats and needs a price")]
    MissingPrice {
        /// Which.
        category: CategoryId,
    },
    /// The performance has no such allotment.
    #[error("there is no allotment {category}")]
    UnknownAllotment {
        /// Which.
        category: CategoryId,
    },
    /// The plan has no such area.
    #[error("the plan has no area {area}")]
    UnknownArea {
        /// Which index was named.
        area: u16,
    },
    /// A performance would have more allotments than the limit.
    #[error("a performance has at most {limit} allotments")]
    TooManyAllotments {
        /// How many are allowed.
        limit: usize,
    },
    /// A performance would have neither a plan nor allotments.
    #[error("a performance has a seating plan, or allotments, or both")]
    NothingToSell,
    /// The new capacity is smaller than what is taken; holds that have just ended count until they are tidied.
    #[error("{taken} tickets of category {category} are taken")]
    CapacityBelowTaken {
        /// Of which allotment.
        category: CategoryId,
        /// How many are taken.
        taken: u32,
    },
    /// A cancelled performance stays cancelled.
    #[error("a cancelled performance stays cancelled")]
    Cancelled,
    /// The performance's seats are still being laid out.
    #[error("the performance is still being prepared")]
    Preparing,
    /// The concert is not valid.
    #[error(transparent)]
    Concert(#[from] ConcertError),
    /// The performance is not valid.
    #[error(transparent)]
    Performance(#[from] PerformanceError),
    /// The plan is not valid.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The store failed.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// What an operator did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperatorActionKind {
    /// Added a seating plan.
    PlanCreated,
    /// Added a concert.
    ConcertCreated,
    /// Changed a concert.
    ConcertChanged,
    /// Added a performance.
    PerformanceCreated,
    /// Changed a performance.
    PerformanceChanged,
    /// Added a waiting room.
    WaitingRoomCreated,
    /// Changed, paused, resumed or closed a waiting room.
    WaitingRoomChanged,
    /// Added a tenant.
    TenantCreated,
    /// Gave a tenant an API key.
    ApiKeyCreated,
    /// Revoked an API key.
    ApiKeyRevoked,
    /// Added a coupon campaign.
    CouponCampaignCreated,
    /// Changed a coupon campaign.
    CouponCampaignChanged,
}

impl OperatorActionKind {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::PlanCreated,
        Self::ConcertCreated,
        Self::ConcertChanged,
        Self::PerformanceCreated,
        Self::PerformanceChanged,
        Self::WaitingRoomCreated,
        Self::WaitingRoomChanged,
        Self::TenantCreated,
        Self::ApiKeyCreated,
        Self::ApiKeyRevoked,
        Self::CouponCampaignCreated,
        Self::CouponCampaignChanged,
    ];

    /// Its name in the API and in tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PlanCreated => "seating_plan_created",
            Self::ConcertCreated => "concert_created",
            Self::ConcertChanged => "concert_changed",
            Self::PerformanceCreated => "performance_created",
            Self::PerformanceChanged => "performance_changed",
            Self::WaitingRoomCreated => "waiting_room_created",
            Self::WaitingRoomChanged => "waiting_room_changed",
            Self::TenantCreated => "tenant_created",
            Self::ApiKeyCreated => "api_key_created",
            Self::ApiKeyRevoked => "api_key_revoked",
            Self::CouponCampaignCreated => "coupon_campaign_created",
            Self::CouponCampaignChanged => "coupon_campaign_changed",
        }
    }
}

/// A line of the operators' journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorAction {
    /// Its identity.
    pub id: OperatorActionId,
    /// Who; nothing when it was done at the terminal.
    pub operator: Option<AccountId>,
    /// What: one of [`OperatorActionKind`]'s names.
    pub kind: String,
    /// The id of what was changed.
    pub subject: uuid::Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// The subject before, as JSON; nothing when it was added.
    pub before: Option<String>,
    /// The subject afterwards, as JSON.
    pub after: String,
}

/// Changes concerts, performances and plans; each change raises the generation and writes its line of the operators'
/// journal in its own transaction.
#[async_trait]
pub trait CatalogueEditor: Send + Sync {
    /// Adds a plan.
    ///
    /// # Errors
    /// [`EditError::Unavailable`].
    async fn add_plan(&self, plan: &SeatingPlan, operator: Option<AccountId>) -> Result<(), EditError>;

    /// Adds a concert.
    ///
    /// # Errors
    /// [`EditError`].
    async fn add_concert(&self, concert: Concert, operator: Option<AccountId>) -> Result<(), EditError>;

    /// Adds a performance and lays out its seats, in pieces, so that others are not disturbed; it can be sold once
    /// all of them are there. A process that dies in between leaves it [`SalesStatus::Preparing`], never half on sale.
    ///
    /// # Errors
    /// [`EditError`].
    async fn add_performance(
        &self,
        draft: PerformanceDraft,
        operator: Option<AccountId>,
    ) -> Result<Performance, EditError>;

    /// Changes a concert.
    ///
    /// # Errors
    /// [`EditError`].
    async fn change_concert(
        &self,
        id: ConcertId,
        change: ConcertChange,
        operator: Option<AccountId>,
    ) -> Result<Concert, EditError>;

    /// Changes a performance, in order with every hold of it.
    ///
    /// # Errors
    /// [`EditError`].
    async fn change_performance(
        &self,
        id: PerformanceId,
        change: PerformanceChange,
        operator: Option<AccountId>,
    ) -> Result<Performance, EditError>;

    /// The operators' journal, newest first, lines before `before`.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn operator_actions(
        &self,
        before: Option<OperatorActionId>,
        limit: u32,
    ) -> Result<Page<OperatorAction, OperatorActionId>, Unavailable>;
}
