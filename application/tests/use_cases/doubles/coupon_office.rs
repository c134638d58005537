use std::collections::HashMap;

use async_trait::async_trait;
use onsale_application::ports::{
    CampaignChange, CampaignEditError, CouponOffice, Done, IssueOrder, IssuedCoupon, Page, StepError, Unavailable,
};
use onsale_domain::coupon::{
    CampaignRecord, Coupon, CouponCampaign, Discount, HeldCoupon, IssueFacts, IssueRefusal, decide,
};
use onsale_domain::ids::{AccountId, CouponCampaignId, CouponId};
use onsale_domain::money::Amount;
use parking_lot::Mutex;
use uuid::Uuid;

use super::{Gate, at, out_of_order};

/// Campaigns and their coupons in memory, and how often the office was asked for something.
#[derive(Default)]
pub(crate) struct CouponOfficeDouble {
    /// What every refusal passes after it was decided.
    pub(crate) refusals: Gate,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    campaigns: Vec<IssueFacts>,
    wishes: usize,
    owner_reads: usize,
    broken: bool,
}

/// A campaign of `total` coupons that is open for ten seconds.
pub(crate) fn campaign(index: u128, total: u32) -> CouponCampaign {
    CouponCampaign {
        id: CouponCampaignId(Uuid::from_u128(7_000 + index)),
        name: "First come".to_owned(),
        total,
        discount: Discount::Amount { amount: Amount::new(30).expect("an amount") },
        starts_at: at(0),
        ends_at: at(10_000),
        expires_at: at(10_000),
        concert: None,
        created_at: at(0),
    }
}

impl CouponOfficeDouble {
    /// How often a coupon was asked for.
    pub(crate) fn wishes(&self) -> usize {
        self.state.lock().wishes
    }

    /// How often owners of coupons were read.
    pub(crate) fn owner_reads(&self) -> usize {
        self.state.lock().owner_reads
    }

    /// Loses the coupon of `customer`, as a failover may lose what was committed last.
    pub(crate) fn loses(&self, campaign: CouponCampaignId, customer: AccountId) {
        let mut state = self.state.lock();
        let facts = state.campaigns.iter_mut().find(|facts| facts.record.campaign.id == campaign).expect("a campaign");
        facts.coupons.remove(&customer).expect("a coupon");
        facts.record.issued -= 1;
    }

    fn decide(&self, order: &IssueOrder) -> Result<Done<Coupon>, StepError<IssueRefusal>> {
        let mut state = self.working()?;
        state.wishes += 1;
        let known = state.campaigns.iter_mut().find(|facts| facts.record.campaign.id == order.campaign);
        let facts = known.ok_or(StepError::Refused(IssueRefusal::UnknownCampaign))?;
        let issued = decide(facts, order.issue, at(0)).map_err(StepError::Refused)?;
        facts.apply(&issued);
        Ok(Done { value: issued.coupon(), replayed: false })
    }

    /// Whether the office is out of order.
    pub(crate) fn breaks(&self, broken: bool) {
        self.state.lock().broken = broken;
    }

    fn working(&self) -> Result<parking_lot::MutexGuard<'_, State>, Unavailable> {
        let state = self.state.lock();
        if state.broken { Err(out_of_order()) } else { Ok(state) }
    }
}

#[async_trait]
impl CouponOffice for CouponOfficeDouble {
    async fn create(
        &self,
        campaign: &CouponCampaign,
        _operator: Option<AccountId>,
    ) -> Result<CampaignRecord, CampaignEditError> {
        let record = CampaignRecord::new(campaign.clone());
        self.working()?.campaigns.push(IssueFacts { record: record.clone(), coupons: HashMap::new() });
        Ok(record)
    }

    async fn change(
        &self,
        campaign: CouponCampaignId,
        change: CampaignChange,
        _operator: Option<AccountId>,
    ) -> Result<CampaignRecord, CampaignEditError> {
        let mut state = self.working()?;
        let known = state.campaigns.iter_mut().find(|facts| facts.record.campaign.id == campaign);
        let facts = known.ok_or(CampaignEditError::UnknownCampaign)?;
        let wanted = change.applied_to(facts.record.campaign.clone());
        facts.record = facts.record.clone().changed_to(wanted)?;
        Ok(facts.record.clone())
    }

    async fn campaigns(&self, campaigns: &[CouponCampaignId]) -> Result<Vec<CampaignRecord>, Unavailable> {
        let state = self.working()?;
        let records = state.campaigns.iter().map(|facts| facts.record.clone());
        Ok(records.filter(|record| campaigns.contains(&record.campaign.id)).collect())
    }

    async fn list(
        &self,
        _before: Option<CouponCampaignId>,
        _limit: u32,
    ) -> Result<Page<CampaignRecord, CouponCampaignId>, Unavailable> {
        unreachable!("no test lists campaigns")
    }

    async fn issue(&self, order: IssueOrder) -> Result<Done<Coupon>, StepError<IssueRefusal>> {
        let decided = self.decide(&order);
        if decided.is_err() {
            self.refusals.pass().await;
        }
        decided
    }

    async fn coupons_of(
        &self,
        _customer: AccountId,
        _before: Option<CouponId>,
        _limit: u32,
    ) -> Result<Page<HeldCoupon, CouponId>, Unavailable> {
        unreachable!("no test lists coupons")
    }

    async fn issued(
        &self,
        _campaign: CouponCampaignId,
        _after: Option<CouponId>,
        _limit: u32,
    ) -> Result<Page<IssuedCoupon, CouponId>, Unavailable> {
        unreachable!("no test lists coupons")
    }

    async fn owners(
        &self,
        campaign: CouponCampaignId,
        after: Option<AccountId>,
        limit: u32,
    ) -> Result<Vec<AccountId>, Unavailable> {
        let mut state = self.working()?;
        state.owner_reads += 1;
        let known = state.campaigns.iter().filter(|facts| facts.record.campaign.id == campaign);
        let mut owners: Vec<AccountId> = known.flat_map(|facts| facts.coupons.keys().copied()).collect();
        owners.sort_unstable();
        Ok(owners.into_iter().filter(|owner| after.is_none_or(|after| *owner > after)).take(limit as usize).collect())
    }
}
