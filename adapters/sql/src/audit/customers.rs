//! Customers: their balance is what their entries say, and they stay within the limits.
//!
//! A reservation's `status` is 0 held, 1 paid.

use super::invariant::Kind::{Id, Number};
use super::invariant::{Invariant, Subject};

/// Every customer's points and limits.
pub(super) const CUSTOMERS: Subject =
    Subject { table: "points_accounts", key: "account_id", slice: 2_000, invariants: &[BALANCE, LAST, SEATS, HOLDS] };

/// Every account.
pub(super) const ACCOUNTS: Subject =
    Subject { table: "accounts", key: "account_id", slice: 10_000, invariants: &[POINTS] };

const BALANCE: Invariant = Invariant {
    name: "balances_equal_their_entries",
    violations: "SELECT t.account_id, t.balance, CAST(t.moved AS SIGNED) FROM ( \
                 SELECT a.account_id, a.balance, (SELECT COALESCE(SUM(CASE WHEN e.credit = 'customer' THEN e.amount \
                 WHEN e.debit = 'customer' THEN -e.amount ELSE 0 END), 0) FROM ledger_entries e \
                 WHERE e.customer_id = a.account_id) AS moved FROM points_accounts a \
                 WHERE a.account_id > :after AND a.account_id <= :up_to) t \
                 WHERE t.balance <> t.moved LIMIT :limit",
    columns: &[("customer", Id), ("balance", Number), ("entries", Number)],
};

/// Which entry was the last cannot be told from ids or times: both are drawn before the customer's lock is taken, on
/// replicas whose clocks differ. So the balance must be that of some entry. (Counted, because MariaDB answers `NOT EXISTS`
/// by reading the whole ledger for every slice.)
const LAST: Invariant = Invariant {
    name: "balances_are_those_of_an_entry",
    violations: "SELECT t.account_id, t.balance FROM ( \
                 SELECT a.account_id, a.balance, (SELECT MAX(CASE WHEN e.balance_after = a.balance THEN 1 ELSE 0 END) \
                 FROM ledger_entries e WHERE e.customer_id = a.account_id) AS found FROM points_accounts a \
                 WHERE a.account_id > :after AND a.account_id <= :up_to) t \
                 WHERE t.found = 0 LIMIT :limit",
    columns: &[("customer", Id), ("balance", Number)],
};

/// Against the highest limit that the performance ever had: seats taken before it was lowered stay lawful.
const SEATS: Invariant = Invariant {
    name: "customers_stay_within_their_seats",
    violations: "SELECT r.customer_id, r.performance_id, CAST(SUM(r.quantity) AS SIGNED), p.max_seats_ever \
                 FROM reservations r JOIN performances p ON p.performance_id = r.performance_id \
                 WHERE r.customer_id > :after AND r.customer_id <= :up_to \
                 AND (r.status = 1 OR (r.status = 0 AND r.held_until > :live_after)) \
                 GROUP BY r.customer_id, r.performance_id, p.max_seats_ever \
                 HAVING SUM(r.quantity) > p.max_seats_ever LIMIT :limit",
    columns: &[("customer", Id), ("performance", Id), ("seats", Number), ("limit", Number)],
};

const HOLDS: Invariant = Invariant {
    name: "customers_stay_within_their_holds",
    violations: "SELECT r.customer_id, COUNT(*) FROM reservations r \
                 WHERE r.customer_id > :after AND r.customer_id <= :up_to \
                 AND r.status = 0 AND r.held_until > :live_after \
                 GROUP BY r.customer_id HAVING COUNT(*) > :open_holds LIMIT :limit",
    columns: &[("customer", Id), ("holds", Number)],
};

const POINTS: Invariant = Invariant {
    name: "accounts_have_points",
    violations: "SELECT a.account_id FROM accounts a LEFT JOIN points_accounts b ON b.account_id = a.account_id \
                 WHERE a.account_id > :after AND a.account_id <= :up_to AND b.account_id IS NULL LIMIT :limit",
    columns: &[("account", Id)],
};
