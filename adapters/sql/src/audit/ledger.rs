//! The ledger: every entry has two sides and a reason, and all of it sums to zero.

use super::invariant::Kind::{Id, Number, Text};
use super::invariant::{Invariant, Subject};

/// Every entry.
pub(super) const ENTRIES: Subject = Subject {
    table: "ledger_entries",
    key: "entry_id",
    slice: 10_000,
    invariants: &[SIDES, REASON, super::coupons::DISCOUNT_REASON],
};

/// The ledger as a whole, in one slice.
pub(super) const LEDGER: Subject = Subject {
    table: "ledger_entries",
    key: "entry_id",
    slice: u32::MAX,
    invariants: &[ZERO, super::coupons::DISCOUNT_ENTRIES],
};

const SIDES: Invariant = Invariant {
    name: "entries_have_two_sides",
    violations: "SELECT e.entry_id, e.kind, e.debit, e.credit, e.customer_id, e.amount FROM ledger_entries e \
                 WHERE e.entry_id > :after AND e.entry_id <= :up_to \
                 AND NOT (e.amount > 0 AND e.debit <> e.credit \
                          AND e.debit IN ('customer', 'sales', 'promotion', 'outside') \
                          AND e.credit IN ('customer', 'sales', 'promotion', 'outside') \
                          AND CASE e.kind WHEN 'charge' THEN e.debit = 'outside' AND e.credit = 'customer' \
                              WHEN 'payment' THEN e.debit = 'customer' AND e.credit = 'sales' \
                              WHEN 'refund' THEN e.debit = 'sales' AND e.credit = 'customer' \
                              WHEN 'discount' THEN (e.debit = 'promotion' AND e.credit = 'sales') \
                                                OR (e.debit = 'sales' AND e.credit = 'promotion') \
                              WHEN 'grant' THEN e.debit = 'promotion' AND e.credit = 'customer' \
                              WHEN 'adjustment' THEN 1 = 1 ELSE 1 = 0 END \
                          AND CASE WHEN 'customer' IN (e.debit, e.credit) \
                              THEN e.customer_id IS NOT NULL AND e.balance_after IS NOT NULL AND e.balance_after >= 0 \
                              ELSE e.customer_id IS NULL AND e.balance_after IS NULL END) LIMIT :limit",
    columns: &[("entry", Id), ("kind", Text), ("debit", Text), ("credit", Text), ("customer", Id), ("amount", Number)],
};

/// The way back of `payments_have_their_entry` and its like: no entry is about something else, or about nothing.
const REASON: Invariant = Invariant {
    name: "entries_have_their_reason",
    violations: "SELECT e.entry_id, e.kind, e.payment_id, e.refund_id, e.charge_id FROM ledger_entries e \
                 LEFT JOIN payments p ON p.payment_id = e.payment_id AND p.customer_id = e.customer_id \
                 AND p.reservation_id = e.reservation_id \
                 LEFT JOIN refunds f ON f.refund_id = e.refund_id AND f.customer_id = e.customer_id \
                 LEFT JOIN charges c ON c.charge_id = e.charge_id AND c.entry_id = e.entry_id \
                 LEFT JOIN points_accounts a ON a.account_id = e.customer_id \
                 WHERE e.entry_id > :after AND e.entry_id <= :up_to \
                 AND ((e.kind = 'payment' AND (p.payment_id IS NULL OR p.amount <> e.amount)) \
                      OR (e.kind = 'refund' AND (f.refund_id IS NULL OR f.amount <> e.amount)) \
                      OR (e.kind = 'charge' AND (c.charge_id IS NULL OR c.amount <> e.amount)) \
                      OR (e.customer_id IS NOT NULL AND a.account_id IS NULL)) LIMIT :limit",
    columns: &[("entry", Id), ("kind", Text), ("payment", Id), ("refund", Id), ("charge", Id)],
};

/// Each entry takes from one side what it gives to the other, so all accounts but the customers' sum to the opposite of
/// what entries gave to customers; with the balances that are kept, everything sums to zero.
const ZERO: Invariant = Invariant {
    name: "ledger_sums_to_zero",
    violations: "SELECT CAST(t.balances AS SIGNED), CAST(t.others AS SIGNED) FROM (SELECT \
                 (SELECT COALESCE(SUM(a.balance), 0) FROM points_accounts a) AS balances, \
                 (SELECT COALESCE(SUM(CASE WHEN e.credit = 'customer' THEN -e.amount WHEN e.debit = 'customer' \
                  THEN e.amount ELSE 0 END), 0) FROM ledger_entries e) AS others) t \
                 WHERE t.balances + t.others <> 0 LIMIT :limit",
    columns: &[("balances", Number), ("all_other_accounts", Number)],
};
