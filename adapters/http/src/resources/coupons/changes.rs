//! What operators send about campaigns, in the words of the application.

use chrono::{DateTime, SubsecRound, Utc};
use onsale_application::coupons::NewCampaign;
use onsale_application::ports::CampaignChange;
use onsale_domain::coupon::Discount;
use onsale_domain::ids::ConcertId;
use onsale_domain::money::Amount;

use super::objects::{AmountDiscount, CampaignPatch, DiscountObject, NewCouponCampaign, PercentDiscount};
use crate::input::{given, text};
use crate::problem::Problem;

/// Digits of a second that every store keeps.
const SECOND_DIGITS: u16 = 6;

impl NewCouponCampaign {
    /// The campaign.
    ///
    /// # Errors
    /// `invalid_request` names the member.
    pub(super) fn into_campaign(self) -> Result<NewCampaign, Problem> {
        Ok(NewCampaign {
            name: self.name.0,
            total: self.total,
            discount: discount(&self.discount)?,
            starts_at: storable(self.starts_at),
            ends_at: storable(self.ends_at),
            expires_at: self.expires_at.map(storable),
            concert: self.concert_id.map(ConcertId),
        })
    }
}

impl CampaignPatch {
    /// The change.
    ///
    /// # Errors
    /// `invalid_request` for `null`: nothing of a campaign can be absent.
    pub(super) fn into_change(self) -> Result<CampaignChange, Problem> {
        Ok(CampaignChange {
            name: text(given("name", self.name)?),
            total: given("total", self.total)?,
            starts_at: given("starts_at", self.starts_at)?.map(storable),
            ends_at: given("ends_at", self.ends_at)?.map(storable),
            expires_at: given("expires_at", self.expires_at)?.map(storable),
        })
    }
}

fn discount(sent: &DiscountObject) -> Result<Discount, Problem> {
    match sent {
        DiscountObject::Amount(AmountDiscount { amount }) => {
            Ok(Discount::Amount { amount: self::amount("discount.amount", *amount)? })
        }
        DiscountObject::Percent(PercentDiscount { percent, at_most }) => {
            let at_most = at_most.map(|most| amount("discount.at_most", most)).transpose()?;
            Ok(Discount::Percent { percent: *percent, at_most })
        }
    }
}

fn amount(field: &str, units: i64) -> Result<Amount, Problem> {
    Amount::new(units).map_err(|error| Problem::invalid(field, error.to_string()))
}

fn storable(moment: DateTime<Utc>) -> DateTime<Utc> {
    moment.trunc_subsecs(SECOND_DIGITS)
}

#[cfg(test)]
mod tests {
    use poem_openapi::types::ParseFromJSON;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_campaign_has_one_discount_of_either_kind() {
        let of = |discount: serde_json::Value| {
            let body = json!({"name": "First come", "total": 5, "discount": discount,
                "starts_at": "2030-01-01T00:00:00Z", "ends_at": "2030-01-02T00:00:00.1234567Z"});
            NewCouponCampaign::parse_from_json(Some(body)).ok().map(|campaign| campaign.into_campaign().unwrap())
        };
        let amount = |units| Amount::new(units).unwrap();
        let campaign = of(json!({"type": "amount", "amount": 500})).expect("a campaign");
        assert_eq!(campaign.discount, Discount::Amount { amount: amount(500) });
        assert_eq!(campaign.ends_at.to_rfc3339(), "2030-01-02T00:00:00.123456+00:00");
        let percent = of(json!({"type": "percent", "percent": 10, "at_most": 300})).expect("a campaign").discount;
        assert_eq!(percent, Discount::Percent { percent: 10, at_most: Some(amount(300)) });
        for wrong in [
            json!({"type": "amount", "amount": 0}),
            json!({"type": "percent", "percent": 101}),
            json!({"type": "percent", "percent": 10, "at_most": 0}),
            json!({"type": "gift"}),
        ] {
            assert!(of(wrong.clone()).is_none(), "{wrong}");
        }
    }

    #[test]
    fn nothing_of_a_campaign_can_be_cleared() {
        let change = |body| CampaignPatch::parse_from_json(Some(body)).expect("a patch").into_change();
        assert_eq!(change(json!({})).ok(), Some(CampaignChange::default()));
        assert_eq!(change(json!({"total": 7})).ok().and_then(|change| change.total), Some(7));
        assert!(change(json!({"expires_at": null})).is_err());
    }
}
