//! The demo's coupons.

use chrono::TimeDelta;
use onsale_application::coupons::NewCampaign;
use onsale_domain::coupon::Discount;
use onsale_domain::ids::{AccountId, CouponCampaignId};
use onsale_domain::money::Amount;

use crate::failure::Failure;
use crate::wiring::Wired;

/// Few enough that the end can be seen.
const TOTAL: u32 = 100;
const PERCENT: u8 = 20;
const AT_MOST: i64 = 30_000;
/// How long coupons are issued.
const DAYS: i64 = 14;
const NAME: &str = "The first hundred: 20 % off";

/// The most campaigns in one part of a list.
const AT_ONCE: u32 = 100;

/// Adds a campaign for every concert, unless it is there and open.
///
/// # Errors
/// [`Failure`] when it cannot be stored.
pub(super) async fn add(wired: &Wired, operator: AccountId) -> Result<CouponCampaignId, Failure> {
    let campaigns = &wired.use_cases.campaigns;
    let now = wired.use_cases.context.now();
    let mut before = None;
    loop {
        let page = campaigns.list(before, AT_ONCE).await?;
        let open = page.items.iter().map(|record| &record.campaign).find(|open| open.name == NAME && open.is_open(now));
        if let Some(known) = open {
            return Ok(known.id);
        }
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    let at_most = Amount::new(AT_MOST).expect("a small amount");
    let campaign = NewCampaign {
        name: NAME.to_owned(),
        total: TOTAL,
        discount: Discount::Percent { percent: PERCENT, at_most: Some(at_most) },
        starts_at: now,
        ends_at: now + TimeDelta::days(DAYS),
        expires_at: None,
        concert: None,
    };
    Ok(campaigns.create(campaign, Some(operator)).await.map_err(Failure::because)?.id())
}
