//! Payments, refunds and charges: each is about what it says, and has exactly its entry in the ledger.
//!
//! Entries are found through their customer, because the ledger has no index over payments: each customer has few.

use super::invariant::Kind::{Id, Number};
use super::invariant::{Invariant, Subject};

/// Every payment.
pub(super) const PAYMENTS: Subject = Subject {
    table: "payments",
    key: "payment_id",
    slice: 5_000,
    invariants: &[PAYMENT, PAYMENT_ENTRY, super::coupons::DISCOUNT],
};

/// Every refund.
pub(super) const REFUNDS: Subject =
    Subject { table: "refunds", key: "refund_id", slice: 5_000, invariants: &[REFUND, REFUND_ENTRY] };

/// Every charge.
pub(super) const CHARGES: Subject =
    Subject { table: "charges", key: "charge_id", slice: 10_000, invariants: &[CHARGE_ENTRY] };

const PAYMENT: Invariant = Invariant {
    name: "payments_pay_one_reservation",
    violations: "SELECT p.payment_id, p.reservation_id, p.amount, p.discount, r.amount, r.status FROM payments p \
                 LEFT JOIN reservations r ON r.reservation_id = p.reservation_id \
                 WHERE p.payment_id > :after AND p.payment_id <= :up_to \
                 AND (r.reservation_id IS NULL OR r.status NOT IN (1, 2) OR r.customer_id <> p.customer_id \
                      OR r.payment_id IS NULL OR r.payment_id <> p.payment_id \
                      OR r.amount <> p.amount + p.discount) LIMIT :limit",
    columns: &[
        ("payment", Id),
        ("reservation", Id),
        ("amount", Number),
        ("discount", Number),
        ("reservation_amount", Number),
        ("reservation_status", Number),
    ],
};

const PAYMENT_ENTRY: Invariant = Invariant {
    name: "payments_have_their_entry",
    violations: "SELECT t.payment_id, t.amount, t.entries FROM ( \
                 SELECT p.payment_id, p.amount, (SELECT COUNT(*) FROM ledger_entries e \
                 WHERE e.customer_id = p.customer_id AND e.payment_id = p.payment_id AND e.kind = 'payment' \
                 AND e.reservation_id = p.reservation_id AND e.amount = p.amount \
                 AND e.balance_after = p.balance_after) AS entries \
                 FROM payments p WHERE p.payment_id > :after AND p.payment_id <= :up_to) t \
                 WHERE t.entries <> CASE WHEN t.amount > 0 THEN 1 ELSE 0 END LIMIT :limit",
    columns: &[("payment", Id), ("amount", Number), ("entries", Number)],
};

const REFUND: Invariant = Invariant {
    name: "refunds_return_one_payment",
    violations: "SELECT f.refund_id, f.payment_id, f.reservation_id, f.amount, p.amount, r.status FROM refunds f \
                 LEFT JOIN payments p ON p.payment_id = f.payment_id \
                 LEFT JOIN reservations r ON r.reservation_id = f.reservation_id \
                 WHERE f.refund_id > :after AND f.refund_id <= :up_to \
                 AND (p.payment_id IS NULL OR r.reservation_id IS NULL OR r.status <> 2 \
                      OR p.reservation_id <> f.reservation_id OR p.customer_id <> f.customer_id \
                      OR p.amount <> f.amount \
                      OR COALESCE(p.coupon_id, X'00') <> COALESCE(f.coupon_id, X'00')) LIMIT :limit",
    columns: &[
        ("refund", Id),
        ("payment", Id),
        ("reservation", Id),
        ("amount", Number),
        ("paid", Number),
        ("reservation_status", Number),
    ],
};

const REFUND_ENTRY: Invariant = Invariant {
    name: "refunds_have_their_entry",
    violations: "SELECT t.refund_id, t.amount, t.entries FROM ( \
                 SELECT f.refund_id, f.amount, (SELECT COUNT(*) FROM ledger_entries e \
                 WHERE e.customer_id = f.customer_id AND e.refund_id = f.refund_id AND e.kind = 'refund' \
                 AND e.payment_id = f.payment_id AND e.amount = f.amount \
                 AND e.balance_after = f.balance_after) AS entries \
                 FROM refunds f WHERE f.refund_id > :after AND f.refund_id <= :up_to) t \
                 WHERE t.entries <> CASE WHEN t.amount > 0 THEN 1 ELSE 0 END LIMIT :limit",
    columns: &[("refund", Id), ("amount", Number), ("entries", Number)],
};

const CHARGE_ENTRY: Invariant = Invariant {
    name: "charges_have_their_entry",
    violations: "SELECT c.charge_id, c.entry_id, c.amount, e.amount FROM charges c \
                 LEFT JOIN ledger_entries e ON e.entry_id = c.entry_id \
                 WHERE c.charge_id > :after AND c.charge_id <= :up_to \
                 AND (e.entry_id IS NULL OR e.kind <> 'charge' OR e.charge_id IS NULL OR e.charge_id <> c.charge_id \
                      OR e.customer_id IS NULL OR e.customer_id <> c.customer_id OR e.amount <> c.amount \
                      OR e.balance_after IS NULL OR e.balance_after <> c.balance_after) LIMIT :limit",
    columns: &[("charge", Id), ("entry", Id), ("amount", Number), ("entry_amount", Number)],
};
