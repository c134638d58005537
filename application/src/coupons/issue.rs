use std::sync::Arc;

use onsale_domain::coupon::{self, Coupon, IssueRefusal};
use onsale_domain::ids::{AccountId, CouponCampaignId};

use super::{CampaignBoard, LiveCampaign};
use crate::ports::{Context, CouponOffice, Done, IdempotencyKey, IssueOrder, StepError};

/// A coupon that a customer asks for.
#[derive(Clone, Debug)]
pub struct IssueRequest {
    /// Who asks.
    pub customer: AccountId,
    /// Of which campaign.
    pub campaign: CouponCampaignId,
    /// The caller's name for this request.
    pub idempotency: Option<IdempotencyKey>,
}

/// Issues coupons, first come first served.
pub struct IssueCoupon {
    office: Arc<dyn CouponOffice>,
    board: Arc<CampaignBoard>,
    context: Context,
}

impl IssueCoupon {
    /// On these ports.
    #[must_use]
    pub fn new(office: Arc<dyn CouponOffice>, board: Arc<CampaignBoard>, context: Context) -> Self {
        Self { office, board, context }
    }

    /// Issues one coupon; after the last one, everybody who has none is refused without asking the store.
    ///
    /// # Errors
    /// [`StepError::Refused`] with an [`IssueRefusal`].
    pub async fn execute(
        &self,
        request: IssueRequest,
    ) -> Result<(Done<Coupon>, Arc<LiveCampaign>), StepError<IssueRefusal>> {
        let known = self.board.campaign(request.campaign).await?;
        let campaign = known.ok_or(StepError::Refused(IssueRefusal::UnknownCampaign))?;
        if let Some(refusal) = campaign.refusal(request.customer, self.context.now()) {
            return Err(StepError::Refused(refusal));
        }
        let order = IssueOrder {
            campaign: request.campaign,
            issue: coupon::IssueCoupon { coupon: self.context.new_id(), customer: request.customer },
            idempotency: request.idempotency,
        };
        let issued = self.office.issue(order).await;
        if let Err(StepError::Refused(IssueRefusal::Exhausted { total })) = &issued {
            self.board.exhausted(&campaign, *total);
        }
        Ok((issued?, campaign))
    }
}
