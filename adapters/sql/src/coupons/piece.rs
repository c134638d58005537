//! Rows of coupons.

use std::collections::HashMap;

use onsale_domain::coupon::{Coupon, CouponState};
use onsale_domain::ids::{AccountId, CouponCampaignId};

use crate::database::{Row, SizedText, SqlError, Statement, Transaction, Value, in_list, values_rows};

/// What [`coupon`] reads and [`bind`] binds.
pub(super) const COLUMNS: [&str; 6] =
    ["coupon_id", "campaign_id", "customer_id", "issued_at", "payment_id", "spent_at"];

pub(super) static OF_CUSTOMERS: SizedText = SizedText::new(|dialect, size| {
    format!(
        "SELECT {} FROM coupons{} WHERE campaign_id = ? AND customer_id IN {}",
        COLUMNS.join(", "),
        dialect.by_index("coupons_of_campaign"),
        in_list(size)
    )
});

/// The coupons of one campaign that `customers` have. The campaign is locked, so that no other group adds one meanwhile.
pub(super) async fn of_customers(
    transaction: &mut Transaction,
    campaign: CouponCampaignId,
    customers: &[AccountId],
) -> Result<HashMap<AccountId, Coupon>, SqlError> {
    let rows = transaction.fetch_by_keys(&OF_CUSTOMERS, &[Value::from(campaign)], customers).await?;
    let coupons = rows.iter().map(|row| coupon(row, 0));
    coupons.map(|coupon| coupon.map(|coupon| (coupon.customer, coupon))).collect()
}

pub(super) static INSERT: SizedText = SizedText::new(|_, rows| {
    format!("INSERT INTO coupons ({}) VALUES {}", COLUMNS.join(", "), values_rows(rows, COLUMNS.len()))
});

/// Adds coupons.
pub(super) async fn insert(transaction: &mut Transaction, coupons: &[Coupon]) -> Result<(), SqlError> {
    transaction.write_rows(&INSERT, coupons, bind).await
}

/// A coupon, from column `first` on.
pub(super) fn coupon(row: &Row, first: usize) -> Result<Coupon, SqlError> {
    let state = match row.get(first + 4)? {
        Some(payment) => CouponState::Spent { payment, at: row.get(first + 5)? },
        None => CouponState::Unspent,
    };
    Ok(Coupon {
        id: row.get(first)?,
        campaign: row.get(first + 1)?,
        customer: row.get(first + 2)?,
        issued_at: row.get(first + 3)?,
        state,
    })
}

pub(super) fn bind(statement: Statement, coupon: &Coupon) -> Statement {
    let (payment, spent_at) = match coupon.state {
        CouponState::Spent { payment, at } => (Some(payment), Some(at)),
        CouponState::Unspent => (None, None),
    };
    let statement = statement.bind(coupon.id).bind(coupon.campaign).bind(coupon.customer).bind(coupon.issued_at);
    statement.bind(payment).bind(spent_at)
}
