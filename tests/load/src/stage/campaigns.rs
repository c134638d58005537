//! Coupon campaigns, put up as operators do it.

use chrono::{TimeDelta, Utc};
use serde_json::json;

use super::{Stage, text};
use crate::Failure;

/// Where a campaign's coupons are asked for.
#[must_use]
pub fn coupons_path(campaign: &str) -> String {
    format!("/v1/coupon-campaigns/{campaign}/coupons")
}

impl Stage<'_> {
    /// Adds a campaign of so many coupons that is open and outlives the benchmark, and returns its id.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn campaign(&self, total: u32) -> Result<String, Failure> {
        let now = Utc::now();
        let in_days = |days| (now + TimeDelta::days(days)).to_rfc3339();
        let campaign = json!({
            "name": "First come, first served", "total": total, "discount": {"type": "percent", "percent": 10},
            "starts_at": in_days(-1), "ends_at": in_days(30),
        });
        text(&self.post("/v1/coupon-campaigns", &campaign).await?, "coupon_campaign_id")
    }
}
