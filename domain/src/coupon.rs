//! Coupons: limited discounts, first come first served, one per customer.
//!
//! A campaign says how many there are, what each takes off and when. Issuing is decided here, by [`decide`]; a coupon is
//! spent with the payment that it makes cheaper and comes back with its refund, which the
//! [box office](crate::box_office) decides.

mod campaign;
mod discount;
mod issue;
mod piece;
#[cfg(test)]
mod tests;

pub use campaign::{CampaignError, CampaignRecord, CampaignState, CouponCampaign, TOTAL_LIMIT};
pub use discount::{Discount, DiscountError};
pub use issue::{IssueCoupon, IssueFacts, IssueRefusal, Issued, decide};
pub use piece::{Coupon, CouponState, CouponStatus, HeldCoupon};
