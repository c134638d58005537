//! Selling one performance: hold, release, expire, pay and refund.
//!
//! [`decide`] takes what is known and one command and says what happened and what changed. A store loads the
//! [`Facts`] of a whole group under lock, decides the commands one after another, each seeing what those before it
//! changed, and writes the merged [`Changes`] in one transaction.

mod changes;
mod command;
mod coupons;
mod decision;
mod facts;
mod holding;

pub use changes::Changes;
pub use command::{
    Admission, Command, CouponRefusal, ExpireHold, Hold, HoldRefusal, Outcome, PayRefusal, PayReservation,
    RefundRefusal, RefundReservation, Refusal, ReleaseHold, ReleaseRefusal, Released, SpendCoupon, Wanted,
};
pub use decision::decide;
pub use facts::{Customer, Facts, Limits, Standing};

#[cfg(test)]
mod tests;
