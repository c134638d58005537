//! Reading without deciding.

use onsale_application::ports::{IssuedCoupon, Page};
use onsale_domain::coupon::{CampaignRecord, HeldCoupon};
use onsale_domain::ids::{AccountId, CouponCampaignId, CouponId};

use super::{campaign, piece};
use crate::database::{Database, Row, SqlError, Statement};
use crate::page::page;

/// Those of `ids` that there are.
pub(super) async fn campaigns(database: &Database, ids: &[CouponCampaignId]) -> Result<Vec<CampaignRecord>, SqlError> {
    let rows = database.fetch_by_keys(&campaign::BY_ID, &[], ids).await?;
    let mut records = rows.iter().map(campaign::record).collect::<Result<Vec<_>, _>>()?;
    records.sort_unstable_by_key(|record| record.campaign.id);
    records.dedup_by_key(|record| record.campaign.id); // keys are repeated to fill a statement
    Ok(records)
}

/// All campaigns, newest first.
pub(super) async fn list(
    database: &Database,
    before: Option<CouponCampaignId>,
    limit: u32,
) -> Result<Page<CampaignRecord, CouponCampaignId>, SqlError> {
    let condition = if before.is_some() { " WHERE campaign_id < ?" } else { "" };
    let columns = campaign::columns();
    let text = format!("SELECT {columns} FROM coupon_campaigns{condition} ORDER BY campaign_id DESC LIMIT ?");
    let statement = Statement::new(text).bind_all(before).bind(i64::from(limit) + 1);
    let rows = database.fetch_all(statement).await?;
    let records = rows.iter().map(campaign::record).collect::<Result<Vec<_>, _>>()?;
    Ok(page(records, limit, |record| record.campaign.id))
}

/// A customer's coupons, newest first.
pub(super) async fn coupons_of(
    database: &Database,
    customer: AccountId,
    before: Option<CouponId>,
    limit: u32,
) -> Result<Page<HeldCoupon, CouponId>, SqlError> {
    let earlier = if before.is_some() { " AND c.coupon_id < ?" } else { "" };
    let (coupon, terms) = (of("c", &piece::COLUMNS), of("t", &campaign::TERMS));
    let text = format!(
        "SELECT {coupon}, {terms} FROM coupons c JOIN coupon_campaigns t ON t.campaign_id = c.campaign_id \
         WHERE c.customer_id = ?{earlier} ORDER BY c.coupon_id DESC LIMIT ?"
    );
    let statement = Statement::new(text).bind(customer).bind_all(before).bind(i64::from(limit) + 1);
    let held = |row: &Row| {
        Ok(HeldCoupon { coupon: piece::coupon(row, 0)?, campaign: campaign::terms(row, piece::COLUMNS.len())? })
    };
    let coupons = database.fetch_all(statement).await?.iter().map(held).collect::<Result<Vec<_>, SqlError>>()?;
    Ok(page(coupons, limit, |held| held.coupon.id))
}

/// A campaign's coupons with their customers, oldest first.
pub(super) async fn issued(
    database: &Database,
    campaign: CouponCampaignId,
    after: Option<CouponId>,
    limit: u32,
) -> Result<Page<IssuedCoupon, CouponId>, SqlError> {
    let later = if after.is_some() { " AND c.coupon_id > ?" } else { "" };
    let index = database.dialect().by_index("coupons_in_order");
    let text = format!(
        "SELECT {}, a.email, a.name FROM coupons c{index} JOIN accounts a ON a.account_id = c.customer_id \
         WHERE c.campaign_id = ?{later} ORDER BY c.coupon_id LIMIT ?",
        of("c", &piece::COLUMNS)
    );
    let statement = Statement::new(text).bind(campaign).bind_all(after).bind(i64::from(limit) + 1);
    let customer = piece::COLUMNS.len();
    let coupon = |row: &Row| {
        Ok(IssuedCoupon { coupon: piece::coupon(row, 0)?, email: row.get(customer)?, name: row.get(customer + 1)? })
    };
    let coupons = database.fetch_all(statement).await?.iter().map(coupon).collect::<Result<Vec<_>, SqlError>>()?;
    Ok(page(coupons, limit, |issued| issued.coupon.id))
}

/// Who has a coupon of a campaign, in the order of their ids.
pub(super) async fn owners(
    database: &Database,
    campaign: CouponCampaignId,
    after: Option<AccountId>,
    limit: u32,
) -> Result<Vec<AccountId>, SqlError> {
    let later = if after.is_some() { " AND customer_id > ?" } else { "" };
    let index = database.dialect().by_index("coupons_of_campaign");
    let text =
        format!("SELECT customer_id FROM coupons{index} WHERE campaign_id = ?{later} ORDER BY customer_id LIMIT ?");
    let statement = Statement::new(text).bind(campaign).bind_all(after).bind(limit);
    database.fetch_all(statement).await?.iter().map(|row| row.get(0)).collect()
}

fn of(table: &str, columns: &[&str]) -> String {
    columns.iter().map(|column| format!("{table}.{column}")).collect::<Vec<_>>().join(", ")
}
