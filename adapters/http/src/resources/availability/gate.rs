//! Who may see what is free: everybody, unless a waiting room stands in front of the concert.

use std::collections::HashMap;
use std::sync::Arc;

use onsale_application::ports::PassClaims;
use onsale_domain::box_office::Admission;
use onsale_domain::ids::{ConcertId, PerformanceId};
use onsale_domain::performance::Performance;
use parking_lot::RwLock;

use super::AvailabilityProblem;
use super::stream::IsAdmitted;
use super::watch::IsGuarded;
use crate::callers::MaybeSignedIn;
use crate::headers::QueuePass;
use crate::problem::Problem;
use crate::resources::catalogue::objects::is_public;
use crate::state::UseCases;

/// The most performances whose concerts are remembered, 32 bytes each.
const ENTRIES_LIMIT: usize = 10_000;

/// Lets callers through, without asking a store for those who were let through before.
pub(super) struct Gate {
    use_cases: Arc<UseCases>,
    concerts: RwLock<HashMap<PerformanceId, ConcertId>>,
}

impl Gate {
    pub(super) fn new(use_cases: Arc<UseCases>) -> Self {
        Self { use_cases, concerts: RwLock::default() }
    }

    /// A performance that visitors may know of.
    pub(super) async fn public(&self, performance: PerformanceId) -> Result<Arc<Performance>, AvailabilityProblem> {
        let known = self.use_cases.browse.performance(performance).await.map_err(Problem::from)?.value;
        known.filter(|performance| is_public(performance)).ok_or(AvailabilityProblem::NotFound)
    }

    /// The concert of a performance that visitors may know of; it never changes.
    pub(super) async fn concert_of(&self, performance: PerformanceId) -> Result<ConcertId, AvailabilityProblem> {
        let known = self.concerts.read().get(&performance).copied();
        if let Some(concert) = known {
            return Ok(concert);
        }
        let concert = self.public(performance).await?.concert;
        let mut concerts = self.concerts.write();
        if concerts.len() >= ENTRIES_LIMIT {
            concerts.clear(); // those that are asked for are back with their next request
        }
        concerts.insert(performance, concert);
        Ok(concert)
    }

    /// What the pass states on which the caller may see a concert; nothing when everybody may. The first time uses the
    /// pass.
    pub(super) async fn admit(
        &self,
        concert: ConcertId,
        caller: &MaybeSignedIn,
        pass: &QueuePass,
    ) -> Result<Option<PassClaims>, AvailabilityProblem> {
        let Some(room) = self.use_cases.board.guarding(concert).map_err(Problem::from)? else { return Ok(None) };
        let Some(account) = caller.account(&self.use_cases)? else {
            return Err(AvailabilityProblem::PassRequired { waiting_room_id: room.id().0 });
        };
        Ok(Some(self.use_cases.admissions.admitted(&room, pass.0.as_deref(), Some(account)).await?))
    }

    /// Whether a concert has a waiting room, or may have one.
    pub(super) fn is_guarded(&self, concert: ConcertId) -> IsGuarded {
        let use_cases = Arc::clone(&self.use_cases);
        Arc::new(move || !matches!(use_cases.board.guarding(concert), Ok(None)))
    }

    /// Whether somebody who follows a concert on this admission may go on; while nobody knows, yes.
    pub(super) fn is_admitted(&self, concert: ConcertId, admission: Option<Admission>) -> IsAdmitted {
        let use_cases = Arc::clone(&self.use_cases);
        Box::new(move || use_cases.admissions.goes_on(concert, admission).unwrap_or(true))
    }
}
