//! What every use case may answer instead of a result, as problems.

use onsale_application::ports::{StepError, Unavailable};

use crate::problem::{Code, Problem, RETRY_AFTER};

/// A queue is full, and nothing has happened.
pub(crate) fn busy() -> Problem {
    Problem::new(Code::Busy)
}

impl From<Unavailable> for Problem {
    fn from(unavailable: Unavailable) -> Self {
        Self::new(Code::Unavailable).caused_by(unavailable.cause)
    }
}

/// The problem of a step that did not happen; what the domain refuses has its own in `P`.
pub(crate) fn refuse<R: Into<P>, P: From<Problem>>(error: StepError<R>) -> P {
    match error {
        StepError::Refused(refusal) => refusal.into(),
        StepError::IdempotencyKeyReused => Problem::new(Code::IdempotencyKeyReused).into(),
        StepError::IdempotencyInProgress => Problem::new(Code::IdempotencyInProgress).retry_after(RETRY_AFTER).into(),
        StepError::Busy => busy().into(),
        StepError::Unavailable(unavailable) => Problem::from(unavailable).into(),
    }
}

/// Makes the problems of calls that need a pass, where they do, of what the guard says.
macro_rules! from_admission_error {
    ($($name:ident)*) => {$(
        impl ::std::convert::From<::onsale_application::waiting_room::AdmissionError> for $name {
            fn from(error: ::onsale_application::waiting_room::AdmissionError) -> Self {
                use ::onsale_application::waiting_room::AdmissionError;
                match error {
                    AdmissionError::PassRequired { room } => Self::PassRequired { waiting_room_id: room.0 },
                    AdmissionError::PassExpired => Self::PassExpired,
                    AdmissionError::PassNotYours => Self::PassNotYours,
                    AdmissionError::Busy => $crate::refusals::busy().into(),
                    AdmissionError::Unavailable(unavailable) => $crate::problem::Problem::from(unavailable).into(),
                }
            }
        }
    )*};
}

#[cfg(test)]
mod tests {
    use onsale_domain::box_office::ReleaseRefusal;

    use super::*;

    fn refused(error: StepError<ReleaseRefusal>) -> Problem {
        struct Mapped(Problem);
        impl From<ReleaseRefusal> for Mapped {
            fn from(_: ReleaseRefusal) -> Self {
                Self(Problem::new(Code::AlreadyPaid))
            }
        }
        impl From<Problem> for Mapped {
            fn from(problem: Problem) -> Self {
                Self(problem)
            }
        }
        refuse::<_, Mapped>(error).0
    }

    #[test]
    fn every_failed_step_has_its_code() {
        let expected = [
            (StepError::Refused(ReleaseRefusal::AlreadyPaid), Code::AlreadyPaid),
            (StepError::IdempotencyKeyReused, Code::IdempotencyKeyReused),
            (StepError::IdempotencyInProgress, Code::IdempotencyInProgress),
            (StepError::Busy, Code::Busy),
            (StepError::Unavailable(Unavailable::because("disk full")), Code::Unavailable),
        ];
        for (error, code) in expected {
            assert_eq!(refused(error).code(), code);
        }
    }

    #[tokio::test]
    async fn busy_says_when_to_come_back_and_a_cause_stays_inside() {
        let busy = refused(StepError::Busy).to_response(None);
        assert_eq!(busy.header("retry-after"), Some("1"));
        let unavailable = refused(StepError::Unavailable(Unavailable::because("disk full")));
        assert_eq!(unavailable.cause(), Some("disk full"));
        let body = unavailable.to_response(None).into_body().into_string().await.expect("a document");
        assert!(!body.contains("disk full"));
    }
}
