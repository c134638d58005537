//! Rows of campaigns.

use onsale_domain::coupon::{CampaignRecord, CouponCampaign, Discount};
use onsale_domain::ids::CouponCampaignId;
use onsale_domain::money::Amount;

use crate::database::{Row, SizedText, SqlError, Statement, Transaction, in_list};

/// What [`terms`] reads.
pub(super) const TERMS: [&str; 11] = [
    "campaign_id",
    "name",
    "total",
    "discount_amount",
    "discount_percent",
    "discount_at_most",
    "starts_at",
    "ends_at",
    "expires_at",
    "concert_id",
    "created_at",
];

/// What [`record`] reads.
pub(super) fn columns() -> String {
    format!("{}, issued, change_no", TERMS.join(", "))
}

pub(super) static BY_ID: SizedText = SizedText::new(|_, size| {
    format!("SELECT {} FROM coupon_campaigns WHERE campaign_id IN {}", columns(), in_list(size))
});

/// A campaign's terms, from column `first` on.
pub(super) fn terms(row: &Row, first: usize) -> Result<CouponCampaign, SqlError> {
    Ok(CouponCampaign {
        id: row.get(first)?,
        name: row.get(first + 1)?,
        total: row.get(first + 2)?,
        discount: discount(row, first + 3)?,
        starts_at: row.get(first + 6)?,
        ends_at: row.get(first + 7)?,
        expires_at: row.get(first + 8)?,
        concert: row.get(first + 9)?,
        created_at: row.get(first + 10)?,
    })
}

fn discount(row: &Row, first: usize) -> Result<Discount, SqlError> {
    match (row.get::<Option<Amount>>(first)?, row.get::<Option<u8>>(first + 1)?) {
        (Some(amount), None) => Ok(Discount::Amount { amount }),
        (None, Some(percent)) => Ok(Discount::Percent { percent, at_most: row.get(first + 2)? }),
        _ => Err(SqlError::Row("a campaign's discount is neither an amount nor a percentage".to_owned())),
    }
}

/// A campaign and how far it has come.
pub(super) fn record(row: &Row) -> Result<CampaignRecord, SqlError> {
    Ok(CampaignRecord { campaign: terms(row, 0)?, issued: row.get(TERMS.len())?, change: row.get(TERMS.len() + 1)? })
}

/// Takes the lock that everything takes that issues a campaign's coupons or changes its terms.
pub(super) async fn lock(
    transaction: &mut Transaction,
    id: CouponCampaignId,
) -> Result<Option<CampaignRecord>, SqlError> {
    let lock = transaction.dialect().for_update();
    let text = format!("SELECT {} FROM coupon_campaigns WHERE campaign_id = ?{lock}", columns());
    transaction.fetch_optional(Statement::new(text).bind(id)).await?.as_ref().map(record).transpose()
}

/// Adds a campaign.
pub(super) async fn insert(transaction: &mut Transaction, record: &CampaignRecord) -> Result<(), SqlError> {
    let CampaignRecord { campaign, issued, change } = record;
    let (amount, percent, at_most) = match campaign.discount {
        Discount::Amount { amount } => (Some(amount), None, None),
        Discount::Percent { percent, at_most } => (None, Some(percent), at_most),
    };
    let values = in_list(TERMS.len() + 2);
    let statement = Statement::new(format!("INSERT INTO coupon_campaigns ({}) VALUES {values}", columns()))
        .bind(campaign.id)
        .bind(&*campaign.name)
        .bind(campaign.total)
        .bind(amount)
        .bind(percent)
        .bind(at_most)
        .bind(campaign.starts_at)
        .bind(campaign.ends_at)
        .bind(campaign.expires_at)
        .bind(campaign.concert)
        .bind(campaign.created_at)
        .bind(*issued)
        .bind(*change);
    transaction.execute(statement).await?;
    Ok(())
}

/// Writes terms that were changed.
pub(super) async fn write_terms(transaction: &mut Transaction, record: &CampaignRecord) -> Result<(), SqlError> {
    let CampaignRecord { campaign, change, .. } = record;
    let text = "UPDATE coupon_campaigns SET name = ?, total = ?, starts_at = ?, ends_at = ?, expires_at = ?, \
                change_no = ? WHERE campaign_id = ?";
    let statement = Statement::new(text)
        .bind(&*campaign.name)
        .bind(campaign.total)
        .bind(campaign.starts_at)
        .bind(campaign.ends_at)
        .bind(campaign.expires_at)
        .bind(*change)
        .bind(campaign.id);
    transaction.execute(statement).await?;
    Ok(())
}

/// Writes how many coupons are issued by now.
pub(super) async fn write_issued(
    transaction: &mut Transaction,
    id: CouponCampaignId,
    issued: u32,
) -> Result<(), SqlError> {
    let text = "UPDATE coupon_campaigns SET issued = ? WHERE campaign_id = ?";
    transaction.execute(Statement::new(text).bind(issued).bind(id)).await?;
    Ok(())
}
