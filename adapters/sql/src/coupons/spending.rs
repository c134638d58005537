//! Coupons in the transactions of payments and refunds.

use std::collections::{BTreeSet, HashMap};

use onsale_domain::coupon::{Coupon, CouponCampaign, HeldCoupon};
use onsale_domain::ids::{CouponCampaignId, CouponId};

use super::{campaign, piece};
use crate::database::{SizedText, SqlError, Transaction, in_list, values_rows};

pub(super) static LOCK: SizedText = SizedText::new(|dialect, size| {
    format!(
        "SELECT {} FROM coupons{} WHERE coupon_id IN {} ORDER BY coupon_id{}",
        piece::COLUMNS.join(", "),
        dialect.by_primary_key(),
        in_list(size),
        dialect.for_update()
    )
});

/// Locks `coupons`, in ascending order, and reads the terms of their campaigns. Terms need no lock: a change of the
/// operator's comes before a payment or after it, and payments must not wait for coupons that are being issued.
pub(crate) async fn lock(
    transaction: &mut Transaction,
    coupons: &[CouponId],
) -> Result<HashMap<CouponId, HeldCoupon>, SqlError> {
    let rows = transaction.fetch_by_keys(&LOCK, &[], coupons).await?;
    let coupons = rows.iter().map(|row| piece::coupon(row, 0)).collect::<Result<Vec<_>, _>>()?;
    let campaigns = campaigns_of(transaction, &coupons).await?;
    let held = |coupon: Coupon| {
        let missing = || SqlError::Row(format!("coupon {} is of no campaign", coupon.id));
        let campaign = campaigns.get(&coupon.campaign).cloned().ok_or_else(missing)?;
        Ok((coupon.id, HeldCoupon { coupon, campaign }))
    };
    coupons.into_iter().map(held).collect()
}

async fn campaigns_of(
    transaction: &mut Transaction,
    coupons: &[Coupon],
) -> Result<HashMap<CouponCampaignId, CouponCampaign>, SqlError> {
    let ids: BTreeSet<CouponCampaignId> = coupons.iter().map(|coupon| coupon.campaign).collect();
    let rows = transaction.fetch_by_keys(&campaign::BY_ID, &[], &ids.into_iter().collect::<Vec<_>>()).await?;
    let campaigns = rows.iter().map(|row| campaign::terms(row, 0));
    campaigns.map(|campaign| campaign.map(|campaign| (campaign.id, campaign))).collect()
}

pub(super) static UPDATE: SizedText = SizedText::new(|dialect, rows| {
    let update = dialect.on_duplicate(&["coupon_id"], &["payment_id", "spent_at"]);
    let values = values_rows(rows, piece::COLUMNS.len());
    format!("INSERT INTO coupons ({}) VALUES {values}{update}", piece::COLUMNS.join(", "))
});

/// Writes how far coupons have come that exist and are locked.
pub(crate) async fn write<'a>(
    transaction: &mut Transaction,
    coupons: impl IntoIterator<Item = &'a Coupon>,
) -> Result<(), SqlError> {
    let coupons: Vec<_> = coupons.into_iter().copied().collect();
    transaction.write_rows(&UPDATE, &coupons, piece::bind).await
}
