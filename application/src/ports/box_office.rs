use async_trait::async_trait;
use chrono::{DateTime, Utc};
use onsale_domain::allotment::Allotment;
use onsale_domain::box_office::{Hold, HoldRefusal, ReleaseRefusal, Released};
use onsale_domain::ids::{AccountId, PerformanceId, ReservationId};
use onsale_domain::reservation::{Reservation, ReservationStatus};
use onsale_domain::seat::{SeatNo, SeatState};

use super::{Done, IdempotencyKey, Page, StepError, Unavailable};

/// Seats or tickets that a customer wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldOrder {
    /// Of which performance.
    pub performance: PerformanceId,
    /// What is wanted, for whom.
    pub hold: Hold,
    /// The caller's name for this request.
    pub idempotency: Option<IdempotencyKey>,
}

/// A hold that a customer gives back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReleaseOrder {
    /// Of which performance.
    pub performance: PerformanceId,
    /// Which hold.
    pub reservation: ReservationId,
    /// Who asks.
    pub customer: AccountId,
}

/// Which of a customer's reservations to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReservationFilter {
    /// Whose.
    pub customer: AccountId,
    /// Only these; a hold past its end counts as expired.
    pub status: Option<ReservationStatus>,
    /// Only of this performance.
    pub performance: Option<PerformanceId>,
}

/// A hold that the store still has, live or waiting to be tidied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenHold {
    /// Which hold.
    pub reservation: ReservationId,
    /// Of which performance.
    pub performance: PerformanceId,
    /// When it ends.
    pub held_until: DateTime<Utc>,
}

/// A seat that somebody has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TakenSeat {
    /// Its number.
    pub no: SeatNo,
    /// Who has it; never [`SeatState::Free`].
    pub state: SeatState,
}

/// An allotment, and when the holds on it end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllotmentMap {
    /// The allotment; the tickets of holds past their end count as taken in it until somebody ends them.
    pub allotment: Allotment,
    /// How many of the taken tickets are held until each moment, in ascending order.
    pub ends: Vec<(DateTime<Utc>, u32)>,
}

/// Who has which seats of a performance, and what is left of its allotments, as of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatMap {
    /// Names this sequence of versions; another epoch means that versions cannot be compared.
    pub epoch: i64,
    /// Rises by one with every group of commands that changed a seat or an allotment, and with every change of a capacity.
    pub version: i64,
    /// Every seat that somebody has, in ascending order; all others are free.
    pub taken: Vec<TakenSeat>,
    /// Every allotment.
    pub allotments: Vec<AllotmentMap>,
}

/// The seats and tickets of every performance, and who has them.
#[async_trait]
pub trait BoxOffice: Send + Sync {
    /// Holds all that `order` wants, or nothing.
    ///
    /// # Errors
    /// [`HoldRefusal::SeatsTaken`] names each seat that is held or sold, [`HoldRefusal::SoldOut`] says that so many
    /// tickets are not left; [`StepError::Busy`] when the performance's
    /// lane is full. Nothing is held in any of them.
    async fn hold(&self, order: HoldOrder) -> Result<Done<Reservation>, StepError<HoldRefusal>>;

    /// Gives a hold back; one that has already ended stays as it is.
    ///
    /// # Errors
    /// [`ReleaseRefusal::Unknown`] for a reservation that the customer does not have.
    async fn release(&self, order: ReleaseOrder) -> Result<Released, StepError<ReleaseRefusal>>;

    /// Tidies a hold whose time has passed; an early call changes nothing and says when it will be due.
    ///
    /// # Errors
    /// [`ReleaseRefusal::Unknown`] for a reservation that does not exist.
    async fn expire(
        &self,
        performance: PerformanceId,
        reservation: ReservationId,
    ) -> Result<Released, StepError<ReleaseRefusal>>;

    /// A reservation, whoever has it.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn reservation(&self, id: ReservationId) -> Result<Option<Reservation>, Unavailable>;

    /// A customer's reservations, newest first, those before `before`.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn reservations(
        &self,
        filter: ReservationFilter,
        before: Option<ReservationId>,
        limit: u32,
    ) -> Result<Page<Reservation, ReservationId>, Unavailable>;

    /// Who has which seats, and what is left of the allotments, read in one consistent view; nothing when there is no such performance.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn seat_map(&self, performance: PerformanceId) -> Result<Option<SeatMap>, Unavailable>;

    /// The epoch and version of a performance's seats, without the seats.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn seat_version(&self, performance: PerformanceId) -> Result<Option<(i64, i64)>, Unavailable>;

    /// Holds that end at `until` or earlier, in the order of their ends, after `after`; for the sweep.
    ///
    /// # Errors
    /// [`Unavailable`].
    async fn open_holds(
        &self,
        until: DateTime<Utc>,
        after: Option<(DateTime<Utc>, ReservationId)>,
        limit: u32,
    ) -> Result<Vec<OpenHold>, Unavailable>;
}
