//! Why something was not put on sale or changed.

use onsale_application::ports::EditError;
use onsale_domain::plan::PlanError;
use uuid::Uuid;

use crate::plan_file::{BYTES_LIMIT, PlanFileError};
use crate::problem::{BODY, Code, OPERATOR, Problem};

crate::problems! {
    /// Why a plan was not added.
    pub(crate) enum AddPlanProblem includes [OPERATOR, BODY] {
        InvalidSeatingPlan { place: String, reason: String } => "{place}: {reason}",
    }
}

crate::problems! {
    /// Why a concert was not added.
    pub(crate) enum AddConcertProblem includes [OPERATOR, BODY] {}
}

crate::problems! {
    /// Why a concert was not changed, or a performance not added to it.
    pub(crate) enum ChangeConcertProblem includes [OPERATOR, BODY] { NotFound }
}

crate::problems! {
    /// Why a performance was not changed.
    pub(crate) enum ChangePerformanceProblem includes [OPERATOR, BODY] {
        NotFound,
        PerformanceCancelled,
        PerformancePreparing,
        CapacityBelowTaken { category_id: Uuid, taken: u32 },
    }
}

crate::problems! {
    /// Why the journal is not shown.
    pub(crate) enum JournalProblem includes [OPERATOR] {}
}

impl From<PlanError> for AddPlanProblem {
    fn from(PlanError { place, problem: reason }: PlanError) -> Self {
        Self::InvalidSeatingPlan { place, reason }
    }
}

impl From<PlanFileError> for AddPlanProblem {
    fn from(error: PlanFileError) -> Self {
        match error {
            PlanFileError::Plan(error) => error.into(),
            PlanFileError::NotJson { .. } => Problem::new(Code::InvalidRequest).detail(error.to_string()).into(),
            PlanFileError::TooLarge { .. } => {
                let detail = format!("a plan file may have at most {BYTES_LIMIT} bytes");
                Problem::new(Code::BodyTooLarge).detail(detail).into()
            }
        }
    }
}

impl From<EditError> for AddPlanProblem {
    fn from(error: EditError) -> Self {
        match error {
            EditError::Plan(error) => error.into(),
            error => refused(error).into(),
        }
    }
}

macro_rules! from_edit_error {
    ($($name:ident)*) => {$(
        impl From<EditError> for $name {
            fn from(error: EditError) -> Self {
                refused(error).into()
            }
        }
    )*};
}

from_edit_error! { AddConcertProblem ChangeConcertProblem }

impl From<EditError> for ChangePerformanceProblem {
    fn from(error: EditError) -> Self {
        match error {
            EditError::UnknownPerformance => Self::NotFound,
            EditError::Cancelled => Self::PerformanceCancelled,
            EditError::Preparing => Self::PerformancePreparing,
            EditError::CapacityBelowTaken { category, taken } => {
                Self::CapacityBelowTaken { category_id: category.0, taken }
            }
            error => refused(error).into(),
        }
    }
}

fn refused(error: EditError) -> Problem {
    let said = error.to_string();
    match error {
        EditError::UnknownConcert | EditError::UnknownPerformance => Problem::new(Code::NotFound),
        EditError::UnknownPlan => Problem::invalid("seating_plan_id", said),
        EditError::UnknownCategory { .. } | EditError::MissingPrice { .. } => Problem::invalid("prices", said),
        EditError::UnknownAllotment { .. } => Problem::invalid("capacities", said),
        EditError::UnknownArea { .. } | EditError::TooManyAllotments { .. } | EditError::NothingToSell => {
            Problem::invalid("allotments", said)
        }
        EditError::CapacityBelowTaken { .. } => Problem::new(Code::CapacityBelowTaken),
        EditError::Cancelled => Problem::new(Code::PerformanceCancelled),
        EditError::Preparing => Problem::new(Code::PerformancePreparing),
        EditError::Concert(error) => Problem::invalid(error.field(), said),
        EditError::Performance(error) => Problem::invalid(error.field(), said),
        EditError::Plan(error) => Problem::invalid(&error.place, error.problem),
        EditError::Unavailable(unavailable) => unavailable.into(),
    }
}

#[cfg(test)]
mod tests {
    use onsale_domain::concert::ConcertError;
    use onsale_domain::ids::CategoryId;
    use onsale_domain::performance::PerformanceError;

    use super::*;

    async fn field(error: EditError) -> Option<String> {
        let document = Problem::from(ChangeConcertProblem::from(error)).to_response(None).into_body();
        let document: serde_json::Value = document.into_json().await.expect("a document");
        document["field"].as_str().map(str::to_owned)
    }

    #[tokio::test]
    async fn what_was_not_accepted_is_named() {
        let category = CategoryId(Uuid::nil());
        assert_eq!(field(EditError::UnknownPlan).await.as_deref(), Some("seating_plan_id"));
        assert_eq!(field(EditError::MissingPrice { category }).await.as_deref(), Some("prices"));
        assert_eq!(field(EditError::UnknownAllotment { category }).await.as_deref(), Some("capacities"));
        assert_eq!(field(EditError::UnknownArea { area: 7 }).await.as_deref(), Some("allotments"));
        assert_eq!(field(EditError::NothingToSell).await.as_deref(), Some("allotments"));
        assert_eq!(field(EditError::Concert(ConcertError::ImageUrl)).await.as_deref(), Some("image_url"));
        let window = EditError::Performance(PerformanceError::SalesWindow);
        assert_eq!(field(window).await.as_deref(), Some("sales_close_at"));
        assert_eq!(field(EditError::UnknownConcert).await, None);
    }

    #[tokio::test]
    async fn a_capacity_below_what_is_taken_says_how_many_are() {
        let refused = EditError::CapacityBelowTaken { category: CategoryId(Uuid::nil()), taken: 7 };
        let problem = Problem::from(ChangePerformanceProblem::from(refused));
        assert_eq!(problem.code(), Code::CapacityBelowTaken);
        let document: serde_json::Value = problem.to_response(None).into_body().into_json().await.expect("a document");
        assert_eq!(document["taken"], 7);
    }

    #[test]
    fn a_plan_is_refused_with_the_place() {
        let wrong = PlanError { place: "zones[0]".to_owned(), problem: "is empty".to_owned() };
        let problem = Problem::from(AddPlanProblem::from(EditError::Plan(wrong)));
        assert_eq!(problem.to_string(), "invalid_seating_plan: zones[0]: is empty");
        let not_json = PlanFileError::NotJson { line: 1, column: 2, problem: "oops".to_owned() };
        assert_eq!(Problem::from(AddPlanProblem::from(not_json)).code(), Code::InvalidRequest);
    }
}
