//! Why a campaign was not stored or a coupon not issued.

use onsale_application::ports::CampaignEditError;
use onsale_domain::coupon::IssueRefusal;
use uuid::Uuid;

use crate::problem::{BODY, CUSTOMER, Code, IDEMPOTENT, OPERATOR, Problem};

crate::problems! {
    /// Why a campaign was not added.
    pub(crate) enum AddCampaignProblem includes [OPERATOR, BODY] {}
}

crate::problems! {
    /// Why a campaign was not changed.
    pub(crate) enum ChangeCampaignProblem includes [OPERATOR, BODY] { NotFound }
}

crate::problems! {
    /// Why campaigns are not listed.
    pub(crate) enum ListCampaignsProblem includes [OPERATOR] {}
}

crate::problems! {
    /// Why a campaign is not shown.
    pub(crate) enum FindCampaignProblem includes [] { NotFound }
}

crate::problems! {
    /// Why a campaign's coupons are not shown.
    pub(crate) enum FindIssuedProblem includes [OPERATOR] { NotFound }
}

crate::problems! {
    /// Why no coupon was issued.
    pub(crate) enum IssueProblem includes [CUSTOMER, IDEMPOTENT] {
        NotFound,
        AlreadyIssued { coupon_id: Uuid } => "the coupon is {coupon_id}",
        CampaignNotOpen,
        CampaignExhausted,
    }
}

impl From<IssueRefusal> for IssueProblem {
    fn from(refusal: IssueRefusal) -> Self {
        match refusal {
            IssueRefusal::AlreadyIssued(coupon) => Self::AlreadyIssued { coupon_id: coupon.id.0 },
            IssueRefusal::NotOpen => Self::CampaignNotOpen,
            IssueRefusal::Exhausted { .. } => Self::CampaignExhausted,
            IssueRefusal::UnknownCampaign => Self::NotFound,
        }
    }
}

impl From<CampaignEditError> for AddCampaignProblem {
    fn from(error: CampaignEditError) -> Self {
        refused(error).into()
    }
}

impl From<CampaignEditError> for ChangeCampaignProblem {
    fn from(error: CampaignEditError) -> Self {
        match error {
            CampaignEditError::UnknownCampaign => Self::NotFound,
            error => refused(error).into(),
        }
    }
}

fn refused(error: CampaignEditError) -> Problem {
    let said = error.to_string();
    match error {
        CampaignEditError::UnknownCampaign => Problem::new(Code::NotFound),
        CampaignEditError::UnknownConcert => Problem::invalid("concert_id", said),
        CampaignEditError::Invalid(error) => Problem::invalid(error.field(), said),
        CampaignEditError::Unavailable(unavailable) => unavailable.into(),
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use onsale_domain::coupon::{CampaignError, Coupon, CouponState};

    use super::*;

    #[test]
    fn every_refused_wish_has_its_code() {
        let nil = Uuid::nil();
        let coupon = Coupon {
            id: nil.into(),
            campaign: nil.into(),
            customer: nil.into(),
            issued_at: DateTime::UNIX_EPOCH,
            state: CouponState::Unspent,
        };
        for (refusal, code) in [
            (IssueRefusal::AlreadyIssued(coupon), Code::AlreadyIssued),
            (IssueRefusal::NotOpen, Code::CampaignNotOpen),
            (IssueRefusal::Exhausted { total: 1 }, Code::CampaignExhausted),
            (IssueRefusal::UnknownCampaign, Code::NotFound),
        ] {
            assert_eq!(Problem::from(IssueProblem::from(refusal)).code(), code);
        }
    }

    #[tokio::test]
    async fn what_was_not_accepted_of_a_campaign_is_named() {
        let below = CampaignEditError::Invalid(CampaignError::TotalBelowIssued { issued: 3 });
        for (error, field) in [(below, "total"), (CampaignEditError::UnknownConcert, "concert_id")] {
            let document = Problem::from(ChangeCampaignProblem::from(error)).to_response(None).into_body();
            let document: serde_json::Value = document.into_json().await.expect("a document");
            assert_eq!(document["field"], field);
        }
        let unknown = Problem::from(ChangeCampaignProblem::from(CampaignEditError::UnknownCampaign));
        assert_eq!(unknown.code(), Code::NotFound);
    }
}
