//! Campaigns and coupons as the API shows them, and as operators describe them.

use chrono::{DateTime, Utc};
use onsale_application::ports::IssuedCoupon;
use onsale_domain::coupon::{
    CampaignRecord, CampaignState, Coupon, CouponCampaign, CouponState, CouponStatus, Discount,
};
use onsale_domain::money::{Amount, Currency};
use poem_openapi::types::MaybeUndefined;
use poem_openapi::{Enum, Object, Union};
use uuid::Uuid;

use crate::input::Text;
use crate::paging::Cursor;

/// A fixed amount off.
#[derive(Clone, Debug, Object)]
pub(crate) struct AmountDiscount {
    /// How much, in the smallest unit of the points' currency; at most the price is taken off.
    #[oai(validator(minimum(value = "1"), maximum(value = "9007199254740991")))]
    pub(crate) amount: i64,
}

/// A part of the price off, rounded down.
#[derive(Clone, Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct PercentDiscount {
    /// Percent of the price.
    #[oai(validator(minimum(value = "1"), maximum(value = "100")))]
    pub(crate) percent: u8,
    /// The most that is taken off, in the smallest unit of the points' currency.
    #[oai(validator(minimum(value = "1"), maximum(value = "9007199254740991")))]
    pub(crate) at_most: Option<i64>,
}

/// What a coupon takes off the price of a reservation.
#[derive(Clone, Debug, Union)]
#[oai(rename = "Discount", one_of, discriminator_name = "type", rename_all = "snake_case")]
pub(crate) enum DiscountObject {
    Amount(AmountDiscount),
    Percent(PercentDiscount),
}

impl From<Discount> for DiscountObject {
    fn from(discount: Discount) -> Self {
        match discount {
            Discount::Amount { amount } => Self::Amount(AmountDiscount { amount: amount.units() }),
            Discount::Percent { percent, at_most } => {
                Self::Percent(PercentDiscount { percent, at_most: at_most.map(Amount::units) })
            }
        }
    }
}

/// A campaign to add.
#[derive(Clone, Debug, Object)]
pub(crate) struct NewCouponCampaign {
    /// What it is called.
    #[oai(validator(min_length = 1, max_length = 200))]
    pub(crate) name: Text,
    /// How many coupons there are.
    #[oai(validator(minimum(value = "1"), maximum(value = "10000000")))]
    pub(crate) total: u32,
    /// What each coupon takes off.
    pub(crate) discount: DiscountObject,
    /// From when coupons are issued.
    pub(crate) starts_at: DateTime<Utc>,
    /// Until when coupons are issued.
    pub(crate) ends_at: DateTime<Utc>,
    /// Until when coupons can be used; `ends_at` when absent.
    pub(crate) expires_at: Option<DateTime<Utc>>,
    /// The concert whose tickets they are for; every concert's when absent.
    pub(crate) concert_id: Option<Uuid>,
}

/// What to change on a campaign; what is absent stays.
#[derive(Clone, Debug, Object)]
#[oai(rename = "CouponCampaignPatch")]
pub(crate) struct CampaignPatch {
    /// What it is called.
    #[oai(validator(min_length = 1, max_length = 200))]
    pub(crate) name: MaybeUndefined<Text>,
    /// How many coupons there are; not below what is issued.
    #[oai(validator(minimum(value = "1"), maximum(value = "10000000")))]
    pub(crate) total: MaybeUndefined<u32>,
    /// From when coupons are issued.
    pub(crate) starts_at: MaybeUndefined<DateTime<Utc>>,
    /// Until when coupons are issued; `expires_at` moves with it when it would be earlier.
    pub(crate) ends_at: MaybeUndefined<DateTime<Utc>>,
    /// Until when coupons can be used, those that are issued among them.
    pub(crate) expires_at: MaybeUndefined<DateTime<Utc>>,
}

/// Where a campaign is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename = "CouponCampaignState", rename_all = "snake_case")]
pub(crate) enum StateName {
    /// It has not begun.
    Announced,
    /// Coupons are issued.
    Open,
    /// Every coupon is issued.
    Exhausted,
    /// It is over.
    Ended,
}

impl From<CampaignState> for StateName {
    fn from(state: CampaignState) -> Self {
        match state {
            CampaignState::Announced => Self::Announced,
            CampaignState::Open => Self::Open,
            CampaignState::Exhausted => Self::Exhausted,
            CampaignState::Ended => Self::Ended,
        }
    }
}

/// A coupon campaign.
#[derive(Clone, Debug, Object)]
#[oai(rename = "CouponCampaign", skip_serializing_if_is_none)]
pub(crate) struct CampaignObject {
    /// Names the campaign.
    pub(crate) coupon_campaign_id: Uuid,
    /// What it is called.
    pub(crate) name: String,
    /// Where it is in its life.
    pub(crate) state: StateName,
    /// How many coupons there are.
    pub(crate) total: u32,
    /// How many of them are left.
    pub(crate) left: u32,
    /// What each coupon takes off.
    pub(crate) discount: DiscountObject,
    /// The ISO 4217 code of the discount's currency.
    pub(crate) currency: String,
    /// From when coupons are issued.
    pub(crate) starts_at: DateTime<Utc>,
    /// Until when coupons are issued.
    pub(crate) ends_at: DateTime<Utc>,
    /// Until when coupons can be used.
    pub(crate) expires_at: DateTime<Utc>,
    /// The concert whose tickets they are for; absent when they are for every concert's.
    pub(crate) concert_id: Option<Uuid>,
}

impl CampaignObject {
    /// The campaign as it is at `now`.
    pub(crate) fn new(record: &CampaignRecord, currency: Currency, now: DateTime<Utc>) -> Self {
        let campaign = &record.campaign;
        Self {
            coupon_campaign_id: campaign.id.0,
            name: campaign.name.clone(),
            state: record.state(now).into(),
            total: campaign.total,
            left: record.left(),
            discount: campaign.discount.into(),
            currency: currency.as_str().to_owned(),
            starts_at: campaign.starts_at,
            ends_at: campaign.ends_at,
            expires_at: campaign.expires_at,
            concert_id: campaign.concert.map(|concert| concert.0),
        }
    }
}

/// Part of the campaigns.
#[derive(Clone, Debug, Object)]
#[oai(rename = "CouponCampaignPage", skip_serializing_if_is_none)]
pub(crate) struct CampaignPage {
    /// The campaigns, newest first.
    pub(crate) items: Vec<CampaignObject>,
    /// Where to go on, when there are more.
    pub(crate) next_cursor: Option<Cursor>,
}

/// How far a coupon has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename = "CouponStatus", rename_all = "snake_case")]
pub(crate) enum StatusName {
    /// It can be spent.
    Usable,
    /// It is spent; a refund makes it usable again.
    Spent,
    /// It was not spent in time.
    Expired,
}

impl From<CouponStatus> for StatusName {
    fn from(status: CouponStatus) -> Self {
        match status {
            CouponStatus::Usable => Self::Usable,
            CouponStatus::Spent => Self::Spent,
            CouponStatus::Expired => Self::Expired,
        }
    }
}

/// A coupon.
#[derive(Clone, Debug, Object)]
#[oai(rename = "Coupon", skip_serializing_if_is_none)]
pub(crate) struct CouponObject {
    /// Names the coupon, for spending it.
    pub(crate) coupon_id: Uuid,
    /// Its campaign.
    pub(crate) coupon_campaign_id: Uuid,
    /// What the campaign is called.
    pub(crate) name: String,
    /// How far it has come.
    pub(crate) status: StatusName,
    /// What it takes off.
    pub(crate) discount: DiscountObject,
    /// The ISO 4217 code of the discount's currency.
    pub(crate) currency: String,
    /// The concert whose tickets it is for; absent when it is for every concert's.
    pub(crate) concert_id: Option<Uuid>,
    /// When it was issued.
    pub(crate) issued_at: DateTime<Utc>,
    /// Until when it can be spent.
    pub(crate) expires_at: DateTime<Utc>,
    /// When it was spent.
    pub(crate) spent_at: Option<DateTime<Utc>>,
    /// The payment on which it is spent.
    pub(crate) payment_id: Option<Uuid>,
}

impl CouponObject {
    /// A coupon of `campaign` as it is at `now`.
    pub(crate) fn new(coupon: &Coupon, campaign: &CouponCampaign, currency: Currency, now: DateTime<Utc>) -> Self {
        Self {
            coupon_id: coupon.id.0,
            coupon_campaign_id: campaign.id.0,
            name: campaign.name.clone(),
            status: coupon.status(campaign.expires_at, now).into(),
            discount: campaign.discount.into(),
            currency: currency.as_str().to_owned(),
            concert_id: campaign.concert.map(|concert| concert.0),
            issued_at: coupon.issued_at,
            expires_at: campaign.expires_at,
            spent_at: spent_at(coupon),
            payment_id: coupon.payment().map(|payment| payment.0),
        }
    }
}

/// When a coupon was spent, if it is.
pub(super) const fn spent_at(coupon: &Coupon) -> Option<DateTime<Utc>> {
    match coupon.state {
        CouponState::Spent { at, .. } => Some(at),
        CouponState::Unspent => None,
    }
}

/// Part of the customer's coupons.
#[derive(Clone, Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct CouponPage {
    /// The coupons, newest first.
    pub(crate) items: Vec<CouponObject>,
    /// Where to go on, when there are more.
    pub(crate) next_cursor: Option<Cursor>,
}

/// A coupon as operators see it.
#[derive(Clone, Debug, Object)]
#[oai(rename = "IssuedCoupon", skip_serializing_if_is_none)]
pub(crate) struct IssuedCouponObject {
    /// Names the coupon.
    pub(crate) coupon_id: Uuid,
    /// Whose it is.
    pub(crate) account_id: Uuid,
    /// The customer's address.
    pub(crate) email: String,
    /// The customer's name.
    pub(crate) name: String,
    /// How far it has come.
    pub(crate) status: StatusName,
    /// When it was issued.
    pub(crate) issued_at: DateTime<Utc>,
    /// When it was spent.
    pub(crate) spent_at: Option<DateTime<Utc>>,
    /// The payment on which it is spent.
    pub(crate) payment_id: Option<Uuid>,
}

impl IssuedCouponObject {
    /// A coupon of `campaign` as it is at `now`.
    pub(crate) fn new(issued: IssuedCoupon, campaign: &CouponCampaign, now: DateTime<Utc>) -> Self {
        let IssuedCoupon { coupon, email, name } = issued;
        Self {
            coupon_id: coupon.id.0,
            account_id: coupon.customer.0,
            email,
            name,
            status: coupon.status(campaign.expires_at, now).into(),
            issued_at: coupon.issued_at,
            spent_at: spent_at(&coupon),
            payment_id: coupon.payment().map(|payment| payment.0),
        }
    }
}

/// Part of a campaign's coupons.
#[derive(Clone, Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct IssuedCouponPage {
    /// The coupons, oldest first.
    pub(crate) items: Vec<IssuedCouponObject>,
    /// Where to go on, when there are more.
    pub(crate) next_cursor: Option<Cursor>,
}
