//! Coupons: no campaign issues more than its total, nobody has two of one, and what is spent agrees with the payments and
//! with what promotion paid.

use super::invariant::Kind::{Id, Number, Text};
use super::invariant::{Invariant, Subject};

/// Every campaign. Few at once: each counts its coupons.
pub(super) const CAMPAIGNS: Subject =
    Subject { table: "coupon_campaigns", key: "campaign_id", slice: 20, invariants: &[TOTAL, COUNT] };

/// Every coupon.
pub(super) const COUPONS: Subject =
    Subject { table: "coupons", key: "coupon_id", slice: 5_000, invariants: &[REFERENCES, SPENT, ONE] };

const TOTAL: Invariant = Invariant {
    name: "campaigns_stay_within_their_total",
    violations: "SELECT t.campaign_id, t.total, t.issued FROM coupon_campaigns t \
                 WHERE t.campaign_id > :after AND t.campaign_id <= :up_to \
                 AND (t.issued < 0 OR t.issued > t.total) LIMIT :limit",
    columns: &[("campaign", Id), ("total", Number), ("issued", Number)],
};

const COUNT: Invariant = Invariant {
    name: "campaigns_count_their_coupons",
    violations: "SELECT n.campaign_id, n.issued, n.coupons FROM ( \
                 SELECT t.campaign_id, t.issued, (SELECT COUNT(*) FROM coupons c \
                 WHERE c.campaign_id = t.campaign_id) AS coupons FROM coupon_campaigns t \
                 WHERE t.campaign_id > :after AND t.campaign_id <= :up_to) n \
                 WHERE n.coupons <> n.issued LIMIT :limit",
    columns: &[("campaign", Id), ("issued", Number), ("coupons", Number)],
};

const REFERENCES: Invariant = Invariant {
    name: "coupons_have_campaign_and_customer",
    violations: "SELECT c.coupon_id, c.campaign_id, c.customer_id FROM coupons c \
                 LEFT JOIN coupon_campaigns t ON t.campaign_id = c.campaign_id \
                 LEFT JOIN points_accounts a ON a.account_id = c.customer_id \
                 WHERE c.coupon_id > :after AND c.coupon_id <= :up_to \
                 AND (t.campaign_id IS NULL OR a.account_id IS NULL) LIMIT :limit",
    columns: &[("coupon", Id), ("campaign", Id), ("customer", Id)],
};

const SPENT: Invariant = Invariant {
    name: "spent_coupons_have_their_payment",
    violations: "SELECT c.coupon_id, c.payment_id, r.status FROM coupons c \
                 LEFT JOIN coupon_campaigns t ON t.campaign_id = c.campaign_id \
                 LEFT JOIN payments p ON p.payment_id = c.payment_id \
                 LEFT JOIN reservations r ON r.reservation_id = p.reservation_id \
                 LEFT JOIN performances f ON f.performance_id = r.performance_id \
                 WHERE c.coupon_id > :after AND c.coupon_id <= :up_to \
                 AND CASE WHEN c.payment_id IS NULL THEN c.spent_at IS NOT NULL \
                     ELSE c.spent_at IS NULL OR p.payment_id IS NULL OR p.coupon_id IS NULL \
                          OR c.spent_at <> p.paid_at \
                          OR (t.concert_id IS NOT NULL AND (f.concert_id IS NULL OR f.concert_id <> t.concert_id)) \
                          OR p.coupon_id <> c.coupon_id OR p.customer_id <> c.customer_id \
                          OR r.reservation_id IS NULL OR r.status <> 1 END LIMIT :limit",
    columns: &[("coupon", Id), ("payment", Id), ("reservation_status", Number)],
};

/// The database's own unique key holds it, too.
const ONE: Invariant = Invariant {
    name: "customers_have_one_coupon_of_a_campaign",
    violations: "SELECT c.campaign_id, c.customer_id, c.coupon_id, o.coupon_id FROM coupons c \
                 JOIN coupons o ON o.campaign_id = c.campaign_id AND o.customer_id = c.customer_id \
                 AND o.coupon_id <> c.coupon_id \
                 WHERE c.coupon_id > :after AND c.coupon_id <= :up_to LIMIT :limit",
    columns: &[("campaign", Id), ("customer", Id), ("coupon", Id), ("other_coupon", Id)],
};

/// The way back of `spent_coupons_have_their_payment`: a payment has a discount exactly when it has a coupon of its
/// customer's, which names it as long as it was not given back.
pub(super) const DISCOUNT: Invariant = Invariant {
    name: "discounts_have_their_coupon",
    violations: "SELECT p.payment_id, p.discount, p.coupon_id, c.payment_id FROM payments p \
                 LEFT JOIN coupons c ON c.coupon_id = p.coupon_id \
                 LEFT JOIN reservations r ON r.reservation_id = p.reservation_id \
                 WHERE p.payment_id > :after AND p.payment_id <= :up_to \
                 AND (p.discount < 0 OR (p.coupon_id IS NULL AND p.discount <> 0) \
                      OR (p.coupon_id IS NOT NULL AND (p.discount = 0 OR c.coupon_id IS NULL \
                          OR c.customer_id <> p.customer_id \
                          OR (r.status = 1 AND (c.payment_id IS NULL OR c.payment_id <> p.payment_id))))) LIMIT :limit",
    columns: &[("payment", Id), ("discount", Number), ("coupon", Id), ("spent_on", Id)],
};

/// No entry of a discount is about a payment or refund without one, or about another performance.
pub(super) const DISCOUNT_REASON: Invariant = Invariant {
    name: "discount_entries_have_their_reason",
    violations: "SELECT e.entry_id, e.debit, e.payment_id, e.refund_id, e.amount, p.discount FROM ledger_entries e \
                 LEFT JOIN payments p ON p.payment_id = e.payment_id AND p.reservation_id = e.reservation_id \
                 LEFT JOIN refunds f ON f.refund_id = e.refund_id AND f.payment_id = e.payment_id \
                 LEFT JOIN reservations r ON r.reservation_id = e.reservation_id \
                 WHERE e.entry_id > :after AND e.entry_id <= :up_to AND e.kind = 'discount' \
                 AND (p.payment_id IS NULL OR p.discount <> e.amount \
                      OR e.performance_id IS NULL OR r.reservation_id IS NULL OR e.performance_id <> r.performance_id \
                      OR (e.debit = 'promotion' AND e.refund_id IS NOT NULL) \
                      OR (e.debit <> 'promotion' AND f.refund_id IS NULL)) LIMIT :limit",
    columns: &[
        ("entry", Id),
        ("debit", Text),
        ("payment", Id),
        ("refund", Id),
        ("amount", Number),
        ("discount", Number),
    ],
};

/// Each discount has one entry, and each discount that was given back another: as many entries as payments, no payment
/// twice, and by `discount_entries_have_their_reason` none of anything else.
pub(super) const DISCOUNT_ENTRIES: Invariant = Invariant {
    name: "discounts_have_their_entries",
    violations: "SELECT n.discounts, n.paid, n.returns, n.returned FROM (SELECT \
                 (SELECT COUNT(*) FROM payments WHERE coupon_id IS NOT NULL) AS discounts, \
                 (SELECT COUNT(*) FROM refunds WHERE coupon_id IS NOT NULL) AS returns, \
                 COUNT(CASE WHEN e.debit = 'promotion' THEN 1 END) AS paid, \
                 COUNT(CASE WHEN e.debit = 'sales' THEN 1 END) AS returned, \
                 COUNT(DISTINCT CASE WHEN e.debit = 'promotion' THEN e.payment_id END) AS payments_paid, \
                 COUNT(DISTINCT CASE WHEN e.debit = 'sales' THEN e.payment_id END) AS payments_returned \
                 FROM ledger_entries e WHERE e.kind = 'discount') n \
                 WHERE n.paid <> n.discounts OR n.payments_paid <> n.discounts \
                 OR n.returned <> n.returns OR n.payments_returned <> n.returns LIMIT :limit",
    columns: &[("discounts", Number), ("paid", Number), ("returns", Number), ("returned", Number)],
};
