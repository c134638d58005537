//! Tickets without seats: as many as there are, all that are wanted or none, and like seats in everything else.

mod capacity;
mod crash;
mod crowds;
mod ends;
mod holds;
mod lost_commits;
mod storm;
mod watching;

use onsale_application::ports::StepError;
use onsale_domain::box_office::HoldRefusal;

/// A hold that is refused.
fn refused<T>(refusal: HoldRefusal) -> Result<T, StepError<HoldRefusal>> {
    Err(StepError::Refused(refusal))
}
