//! Every refusal and outcome by itself, and random sales whose every step leaves everything an audit asks for true.

mod audit;
mod audit_tests;
mod coupon_sales;
mod coupons;
mod holds;
mod payments;
mod refunds;
mod releases;
mod sales;
mod store;
mod tickets;
