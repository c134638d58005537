//! The ports as a test's world has them.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use onsale_application::ports::{
    AccessClaims, BoxOffice, CatalogueReader, Clock, ConcertFilter, ConcertListing, Done, HoldOrder, OpenHold, Page,
    ReleaseOrder, ReservationFilter, SealError, Seals, SeatMap, StepError, StreamClaims, Unavailable, Versioned,
};
use onsale_domain::box_office::{HoldRefusal, ReleaseRefusal, Released};
use onsale_domain::ids::{ConcertId, PerformanceId, ReservationId, SeatingPlanId};
use onsale_domain::performance::Performance;
use onsale_domain::plan::SeatingPlan;
use onsale_domain::reservation::Reservation;

use super::{PERFORMANCE, PLAN, World};
use crate::doubles::nobody_asks;

#[async_trait]
impl CatalogueReader for World {
    async fn concerts(
        &self,
        _: &ConcertFilter,
    ) -> Result<Versioned<Arc<Page<Arc<ConcertListing>, ConcertId>>>, Unavailable> {
        nobody_asks()
    }

    async fn concert(&self, _: ConcertId) -> Result<Versioned<Option<Arc<ConcertListing>>>, Unavailable> {
        nobody_asks()
    }

    async fn performance(&self, id: PerformanceId) -> Result<Versioned<Option<Arc<Performance>>>, Unavailable> {
        let value = (id == PERFORMANCE).then(|| self.performance.clone());
        Ok(Versioned { value, generation: 1, read_at: self.clock.now() })
    }

    async fn seating_plan(&self, id: SeatingPlanId) -> Result<Option<Arc<SeatingPlan>>, Unavailable> {
        Ok((id == PLAN).then(|| self.plan.clone()))
    }

    async fn generation(&self) -> Result<i64, Unavailable> {
        Ok(1)
    }
}

#[async_trait]
impl BoxOffice for World {
    async fn hold(&self, _: HoldOrder) -> Result<Done<Reservation>, StepError<HoldRefusal>> {
        Ok(nobody_asks()?)
    }

    async fn release(&self, _: ReleaseOrder) -> Result<Released, StepError<ReleaseRefusal>> {
        Ok(nobody_asks()?)
    }

    async fn expire(&self, _: PerformanceId, _: ReservationId) -> Result<Released, StepError<ReleaseRefusal>> {
        Ok(nobody_asks()?)
    }

    async fn reservation(&self, _: ReservationId) -> Result<Option<Reservation>, Unavailable> {
        nobody_asks()
    }

    async fn reservations(
        &self,
        _: ReservationFilter,
        _: Option<ReservationId>,
        _: u32,
    ) -> Result<Page<Reservation, ReservationId>, Unavailable> {
        nobody_asks()
    }

    async fn seat_map(&self, _: PerformanceId) -> Result<Option<SeatMap>, Unavailable> {
        Ok(Some(self.seats.lock().clone()))
    }

    async fn seat_version(&self, _: PerformanceId) -> Result<Option<(i64, i64)>, Unavailable> {
        let seats = self.seats.lock();
        Ok(Some((seats.epoch, seats.version)))
    }

    async fn open_holds(
        &self,
        _: DateTime<Utc>,
        _: Option<(DateTime<Utc>, ReservationId)>,
        _: u32,
    ) -> Result<Vec<OpenHold>, Unavailable> {
        nobody_asks()
    }
}

impl Seals for World {
    fn access_token(&self, _: &AccessClaims) -> String {
        String::new()
    }

    fn open_access_token(&self, _: &str, _: DateTime<Utc>) -> Result<AccessClaims, SealError> {
        Err(SealError::Invalid)
    }

    fn new_refresh_token(&self) -> (String, [u8; 32]) {
        (String::new(), [0; 32])
    }

    fn refresh_token_digest(&self, _: &str) -> [u8; 32] {
        [0; 32]
    }

    fn stream_ticket(&self, claims: &StreamClaims) -> String {
        let number = claims.admission.map(|admission| format!("{}-", admission.number)).unwrap_or_default();
        format!("{number}until-{}", claims.expires_at.timestamp())
    }

    fn open_stream_ticket(&self, _: &str, _: DateTime<Utc>) -> Result<StreamClaims, SealError> {
        Err(SealError::Invalid)
    }
}
