//! What callers put into the lanes, and what they get back.

use onsale_application::ports::{Done, IdempotencyKey, StepError, Unavailable};
use onsale_domain::box_office::{
    Command, HoldRefusal, Outcome, PayRefusal, RefundRefusal, Refusal, ReleaseRefusal, Wanted,
};
use onsale_domain::ids::AccountId;
use onsale_domain::payment::{Payment, Refund};
use onsale_domain::reservation::Reservation;

use super::idempotency::{Recall, RequestName, Requests, Step};
use crate::database::SqlError;
use crate::settling::{Failure, Stage};

/// A command on one performance, and what the caller calls it.
#[derive(Clone, Debug)]
pub(super) struct SaleCommand {
    pub(super) command: Command,
    pub(super) name: Option<RequestName>,
}

/// The answer to a command.
pub(super) type SaleAnswer = Result<Done<Outcome>, StepError<Refusal>>;

impl SaleCommand {
    /// A command that no key names.
    pub(super) fn unnamed(command: Command) -> Self {
        Self { command, name: None }
    }

    /// A command that `key` names, if the caller gave one.
    pub(super) fn named(command: Command, step: Step, account: AccountId, key: Option<IdempotencyKey>) -> Self {
        let subject = match &command {
            Command::Pay(payment) => Some(payment.reservation.0),
            Command::Refund(refund) => Some(refund.reservation.0),
            _ => None,
        };
        Self { command, name: key.map(|key| RequestName { account, step, subject, key }) }
    }

    /// The answer when there is no such performance.
    pub(super) fn unknown_performance(&self) -> SaleAnswer {
        Err(StepError::Refused(match self.command {
            Command::Hold(_) => HoldRefusal::UnknownPerformance.into(),
            Command::Release(_) | Command::Expire(_) => ReleaseRefusal::Unknown.into(),
            Command::Pay(_) => PayRefusal::Unknown.into(),
            Command::Refund(_) => RefundRefusal::Unknown.into(),
        }))
    }

    /// Whether it wants the best free seats of its performance, so that all of them have to be known.
    pub(super) fn wants_best(&self) -> bool {
        matches!(&self.command, Command::Hold(hold) if matches!(hold.wanted, Wanted::BestAvailable { .. }))
    }

    /// Whether `outcome` is of this very command, by the id that it was to create.
    pub(super) fn made(&self, outcome: &Outcome) -> bool {
        match (&self.command, outcome) {
            (Command::Hold(hold), Outcome::Held(reservation)) => hold.reservation == reservation.id,
            (Command::Pay(command), Outcome::Paid(payment, _)) => command.payment == payment.id,
            (Command::Refund(command), Outcome::Refunded(refund, _)) => command.refund == refund.id,
            _ => false,
        }
    }

    /// What `requests` know of the request behind this command.
    pub(super) fn recall(&self, requests: &Requests) -> Result<Recall<Outcome>, SqlError> {
        let Some(name) = &self.name else { return Ok(Recall::Unknown) };
        Ok(match name.step {
            Step::Hold => requests.recall(name)?.map(Outcome::Held),
            Step::Pay => requests.recall(name)?.map(|(payment, reservation)| Outcome::Paid(payment, reservation)),
            Step::Refund => requests.recall(name)?.map(|(refund, reservation)| Outcome::Refunded(refund, reservation)),
            Step::Charge | Step::Issue => Recall::Unknown,
        })
    }

    /// Remembers `outcome` in `requests`, for whoever asks again.
    pub(super) fn remember(&self, requests: &mut Requests, outcome: &Outcome) -> Result<(), SqlError> {
        let Some(name) = &self.name else { return Ok(()) };
        match outcome {
            Outcome::Held(reservation) => requests.remember(name, reservation),
            Outcome::Paid(payment, reservation) => requests.remember(name, &(payment, reservation)),
            Outcome::Refunded(refund, reservation) => requests.remember(name, &(refund, reservation)),
            Outcome::Released(_) => Ok(()),
        }
    }
}

/// The error of a command whose transaction failed.
pub(crate) fn failed<R>(name: Option<&RequestName>, failure: &Failure) -> StepError<R> {
    // Whoever holds the customer's account for so long is another request of the same customer's.
    if name.is_some() && failure.stage == Stage::Accounts && failure.error.is_lock_timeout() {
        return StepError::IdempotencyInProgress;
    }
    StepError::Unavailable(Unavailable::because(&failure.error))
}

/// The same error with a refusal of one step; `narrow` gives back what is no refusal of it.
pub(super) fn narrowed<R>(
    error: StepError<Refusal>,
    narrow: impl FnOnce(Refusal) -> Result<R, Refusal>,
) -> StepError<R> {
    match error {
        StepError::Refused(refusal) => match narrow(refusal) {
            Ok(refusal) => StepError::Refused(refusal),
            Err(other) => StepError::Unavailable(Unavailable::because(format!("a refusal of another step: {other}"))),
        },
        StepError::IdempotencyKeyReused => StepError::IdempotencyKeyReused,
        StepError::IdempotencyInProgress => StepError::IdempotencyInProgress,
        StepError::Busy => StepError::Busy,
        StepError::Unavailable(error) => StepError::Unavailable(error),
    }
}

/// An outcome of another step than the command's.
pub(super) fn misplaced<R>(outcome: &Outcome) -> StepError<R> {
    StepError::Unavailable(Unavailable::because(format!("an outcome of another step: {outcome:?}")))
}

/// The outcome of a payment.
pub(super) type Paid = (Payment, Reservation);
/// The outcome of a refund.
pub(super) type Refunded = (Refund, Reservation);
