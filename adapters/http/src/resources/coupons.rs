//! Coupons: campaigns, getting one, and who has which.

mod changes;
mod csv;
mod export;
mod objects;
mod problems;

use std::sync::Arc;

use onsale_application::coupons::IssueRequest;
use onsale_domain::coupon::{CampaignRecord, HeldCoupon};
use onsale_domain::ids::CouponCampaignId;
use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use uuid::Uuid;

use self::export::CouponExport;
use self::objects::{
    CampaignObject, CampaignPage, CampaignPatch, CouponObject, CouponPage, IssuedCouponObject, IssuedCouponPage,
    NewCouponCampaign,
};
use self::problems::{
    AddCampaignProblem, ChangeCampaignProblem, FindCampaignProblem, FindIssuedProblem, IssueProblem,
    ListCampaignsProblem,
};
use super::operator::Added;
use super::{ListOwnProblem, Tag};
use crate::auth::{Customer, Operator};
use crate::idempotency::{Created, OptionalKey, RequestDigest};
use crate::input::JsonBody;
use crate::paging::{Cursor, Limit};
use crate::problem::Problem;
use crate::refusals::refuse;
use crate::state::UseCases;

const COUPONS_PATH: &str = "/v1/coupon-campaigns/{id}/coupons";

/// Campaigns and coupons.
pub(crate) struct CouponsApi {
    state: Arc<UseCases>,
}

impl CouponsApi {
    /// On these use cases.
    pub(crate) fn new(state: Arc<UseCases>) -> Self {
        Self { state }
    }

    /// A campaign as it is now.
    fn shown(&self, record: &CampaignRecord) -> CampaignObject {
        CampaignObject::new(record, self.state.currency, self.state.context.now())
    }
}

#[OpenApi(prefix_path = "/v1", tag = "Tag::Coupons")]
impl CouponsApi {
    /// Add a coupon campaign
    ///
    /// Its coupons are issued first come, first served, one for a customer. What they take off, and for which concert, cannot
    /// be changed later.
    #[oai(path = "/coupon-campaigns", method = "post", operation_id = "create_coupon_campaign")]
    async fn create_campaign(
        &self,
        operator: Operator,
        campaign: JsonBody<NewCouponCampaign>,
    ) -> Result<Added<CampaignObject>, AddCampaignProblem> {
        let campaign = campaign.0.into_campaign()?;
        let made = self.state.campaigns.create(campaign, Some(operator.0)).await?;
        Ok(Added::Added(Json(self.shown(&made.record()))))
    }

    /// List coupon campaigns, newest first
    #[oai(path = "/coupon-campaigns", method = "get", operation_id = "list_coupon_campaigns")]
    async fn list_campaigns(
        &self,
        _operator: Operator,
        /// The most items to answer.
        limit: Query<Option<Limit>>,
        /// Where to go on: the `next_cursor` of an earlier answer.
        cursor: Query<Option<Cursor>>,
    ) -> Result<Json<CampaignPage>, ListCampaignsProblem> {
        let page = self.state.campaigns.list(Cursor::id(cursor.0), Limit::of(limit.0)).await.map_err(Problem::from)?;
        let items = page.items.iter().map(|record| self.shown(record)).collect();
        Ok(Json(CampaignPage { items, next_cursor: Cursor::after(page.next.map(|id| id.0)) }))
    }

    /// Show a coupon campaign
    ///
    /// What it is and how many coupons are left, as of half a second ago.
    #[oai(path = "/coupon-campaigns/:id", method = "get", operation_id = "get_coupon_campaign")]
    async fn get_campaign(
        &self,
        /// The campaign.
        id: Path<Uuid>,
    ) -> Result<Json<CampaignObject>, FindCampaignProblem> {
        let campaign = self.state.coupons.campaign(CouponCampaignId(id.0)).await.map_err(Problem::from)?;
        let campaign = campaign.ok_or(FindCampaignProblem::NotFound)?;
        Ok(Json(self.shown(&campaign.record())))
    }

    /// Change a coupon campaign
    ///
    /// What is absent stays. A total can be lowered down to what is issued; every replica issues by the new terms at once,
    /// and shows them within a second.
    #[oai(path = "/coupon-campaigns/:id", method = "patch", operation_id = "change_coupon_campaign")]
    async fn change_campaign(
        &self,
        operator: Operator,
        /// The campaign.
        id: Path<Uuid>,
        change: JsonBody<CampaignPatch>,
    ) -> Result<Json<CampaignObject>, ChangeCampaignProblem> {
        let change = change.0.into_change()?;
        let id = CouponCampaignId(id.0);
        let changed = self.state.campaigns.change(id, change, Some(operator.0)).await?;
        Ok(Json(self.shown(&changed.record())))
    }

    /// Get a coupon
    ///
    /// First come, first served, one for a customer; it is stored before the answer. Whoever has one already is told which.
    /// A repeated answer shows `name` and `expires_at` as the campaign has them now. Within half a second after `total` was
    /// raised, a request may still be refused with `campaign_exhausted`, also a repeated one.
    #[oai(path = "/coupon-campaigns/:id/coupons", method = "post", operation_id = "issue_coupon")]
    async fn issue(
        &self,
        customer: Customer,
        /// The campaign.
        id: Path<Uuid>,
        /// The caller's name for this request: asking again with it answers the same again.
        #[oai(name = "Idempotency-Key")]
        key: OptionalKey,
    ) -> Result<Created<CouponObject>, IssueProblem> {
        let idempotency = key.of(|| RequestDigest::of("POST", COUPONS_PATH).part(id.0))?;
        let request = IssueRequest { customer: customer.0, campaign: CouponCampaignId(id.0), idempotency };
        let issued = self.state.issue_coupon.execute(request).await;
        let (done, campaign) = issued.map_err(refuse::<_, IssueProblem>)?;
        let record = campaign.record();
        let body = CouponObject::new(&done.value, &record.campaign, self.state.currency, done.value.issued_at);
        Ok(Created::new(body, done.replayed))
    }

    /// List the coupons of a campaign, oldest first
    ///
    /// While coupons are being issued, one that becomes visible late may be missing between others: a list made afterwards has
    /// it.
    #[oai(path = "/coupon-campaigns/:id/coupons", method = "get", operation_id = "list_issued_coupons")]
    async fn list_issued(
        &self,
        _operator: Operator,
        /// The campaign.
        id: Path<Uuid>,
        /// The most items to answer.
        limit: Query<Option<Limit>>,
        /// Where to go on: the `next_cursor` of an earlier answer.
        cursor: Query<Option<Cursor>>,
    ) -> Result<Json<IssuedCouponPage>, FindIssuedProblem> {
        let id = CouponCampaignId(id.0);
        let campaign = self.state.coupons.campaign(id).await.map_err(Problem::from)?;
        let record = campaign.ok_or(FindIssuedProblem::NotFound)?.record();
        let page = self.state.campaigns.issued(id, Cursor::id(cursor.0), Limit::of(limit.0)).await;
        let page = page.map_err(Problem::from)?;
        let now = self.state.context.now();
        let items = page.items.into_iter().map(|issued| IssuedCouponObject::new(issued, &record.campaign, now));
        Ok(Json(IssuedCouponPage { items: items.collect(), next_cursor: Cursor::after(page.next.map(|id| id.0)) }))
    }

    /// Export the coupons of a campaign as CSV
    ///
    /// All of them, oldest first, with their customers. Cells that a spreadsheet would take for a formula begin with an
    /// apostrophe. An export that is cut off ends without its last chunk. One that is made while coupons are being issued may
    /// miss some of them.
    #[oai(path = "/coupon-campaigns/:id/coupons.csv", method = "get", operation_id = "export_issued_coupons")]
    async fn export(
        &self,
        _operator: Operator,
        /// The campaign.
        id: Path<Uuid>,
    ) -> Result<CouponExport, FindIssuedProblem> {
        let campaign = self.state.coupons.campaign(CouponCampaignId(id.0)).await.map_err(Problem::from)?;
        let record = campaign.ok_or(FindIssuedProblem::NotFound)?.record();
        Ok(CouponExport::begin(Arc::clone(&self.state), record).await.map_err(Problem::from)?)
    }

    /// List the customer's coupons, newest first
    #[oai(path = "/coupons", method = "get", operation_id = "list_coupons")]
    async fn list_coupons(
        &self,
        customer: Customer,
        /// The most items to answer.
        limit: Query<Option<Limit>>,
        /// Where to go on: the `next_cursor` of an earlier answer.
        cursor: Query<Option<Cursor>>,
    ) -> Result<Json<CouponPage>, ListOwnProblem> {
        let page = self.state.coupons.coupons_of(customer.0, Cursor::id(cursor.0), Limit::of(limit.0)).await;
        let page = page.map_err(Problem::from)?;
        let (currency, now) = (self.state.currency, self.state.context.now());
        let shown = |held: &HeldCoupon| CouponObject::new(&held.coupon, &held.campaign, currency, now);
        let items = page.items.iter().map(shown).collect();
        Ok(Json(CouponPage { items, next_cursor: Cursor::after(page.next.map(|id| id.0)) }))
    }
}
