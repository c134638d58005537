//! Reservations: what they took is theirs alone, and they add up.
//!
//! A reservation's `status` is 0 held, 1 paid, 2 refunded, 3 expired, 4 cancelled.

use super::invariant::Kind::{Id, Number};
use super::invariant::{Invariant, Subject};

/// Every reservation.
pub(super) const RESERVATIONS: Subject = Subject {
    table: "reservations",
    key: "reservation_id",
    slice: 5_000,
    invariants: &[PAID, LIVE, SHARED, TICKETS, SUMS, PAYMENTS, REFERENCES],
};

const PAID: Invariant = Invariant {
    name: "paid_reservations_have_their_seats",
    violations: "SELECT r.reservation_id, r.performance_id, i.seat_no FROM reservations r \
                 JOIN reservation_items i ON i.reservation_id = r.reservation_id \
                 LEFT JOIN seats s ON s.performance_id = r.performance_id AND s.seat_no = i.seat_no \
                 AND s.state = 2 AND s.reservation_id = r.reservation_id \
                 WHERE r.reservation_id > :after AND r.reservation_id <= :up_to AND r.status = 1 \
                 AND i.seat_no IS NOT NULL AND s.performance_id IS NULL LIMIT :limit",
    columns: &[("reservation", Id), ("performance", Id), ("seat", Number)],
};

const LIVE: Invariant = Invariant {
    name: "live_holds_have_their_seats",
    violations: "SELECT r.reservation_id, r.performance_id, i.seat_no FROM reservations r \
                 JOIN reservation_items i ON i.reservation_id = r.reservation_id \
                 LEFT JOIN seats s ON s.performance_id = r.performance_id AND s.seat_no = i.seat_no \
                 AND s.state = 1 AND s.reservation_id = r.reservation_id AND s.held_until = r.held_until \
                 WHERE r.reservation_id > :after AND r.reservation_id <= :up_to \
                 AND r.status = 0 AND r.held_until > :live_after \
                 AND i.seat_no IS NOT NULL AND s.performance_id IS NULL LIMIT :limit",
    columns: &[("reservation", Id), ("performance", Id), ("seat", Number)],
};

/// The other reservation is found through the seat, which names one. When it names neither of two that share it, both
/// break [`PAID`] or [`LIVE`], so the three together find every seat that is taken twice, without an index over seats.
const SHARED: Invariant = Invariant {
    name: "no_seat_is_taken_twice",
    violations: "SELECT r.reservation_id, r.performance_id, i.seat_no, o.reservation_id FROM reservations r \
                 JOIN reservation_items i ON i.reservation_id = r.reservation_id \
                 JOIN seats s ON s.performance_id = r.performance_id AND s.seat_no = i.seat_no \
                 JOIN reservations o ON o.reservation_id = s.reservation_id \
                 JOIN reservation_items j ON j.reservation_id = o.reservation_id AND j.seat_no = i.seat_no \
                 WHERE r.reservation_id > :after AND r.reservation_id <= :up_to \
                 AND (r.status = 1 OR (r.status = 0 AND r.held_until > :live_after)) \
                 AND o.performance_id = r.performance_id \
                 AND (o.status = 1 OR (o.status = 0 AND o.held_until > :live_after)) \
                 AND (o.reservation_id <> r.reservation_id OR j.item_no <> i.item_no) LIMIT :limit",
    columns: &[("reservation", Id), ("performance", Id), ("seat", Number), ("other_reservation", Id)],
};

/// An item has a seat, or is a ticket of an allotment.
const TICKETS: Invariant = Invariant {
    name: "tickets_are_of_an_allotment",
    violations: "SELECT r.reservation_id, r.performance_id, i.category_id FROM reservations r \
                 JOIN reservation_items i ON i.reservation_id = r.reservation_id \
                 LEFT JOIN performance_categories c \
                 ON c.performance_id = r.performance_id AND c.category_id = i.category_id \
                 LEFT JOIN allotments a ON a.performance_id = c.performance_id AND a.category_no = c.position \
                 WHERE r.reservation_id > :after AND r.reservation_id <= :up_to \
                 AND ((i.seat_no IS NULL AND a.performance_id IS NULL) \
                      OR (i.seat_no IS NOT NULL AND a.performance_id IS NOT NULL)) LIMIT :limit",
    columns: &[("reservation", Id), ("performance", Id), ("category", Id)],
};

const SUMS: Invariant = Invariant {
    name: "reservations_are_the_sum_of_their_items",
    violations: "SELECT r.reservation_id, r.amount, CAST(COALESCE(SUM(i.price), 0) AS SIGNED), r.quantity, \
                 COUNT(i.item_no) FROM reservations r \
                 LEFT JOIN reservation_items i ON i.reservation_id = r.reservation_id \
                 WHERE r.reservation_id > :after AND r.reservation_id <= :up_to \
                 GROUP BY r.reservation_id, r.amount, r.quantity \
                 HAVING r.amount <> COALESCE(SUM(i.price), 0) OR r.quantity <> COUNT(i.item_no) LIMIT :limit",
    columns: &[
        ("reservation", Id),
        ("amount", Number),
        ("items", Number),
        ("quantity", Number),
        ("item_count", Number),
    ],
};

const PAYMENTS: Invariant = Invariant {
    name: "reservations_agree_with_payments",
    violations: "SELECT r.reservation_id, r.status, p.payment_id, f.refund_id FROM reservations r \
                 LEFT JOIN payments p ON p.reservation_id = r.reservation_id \
                 LEFT JOIN refunds f ON f.reservation_id = r.reservation_id \
                 WHERE r.reservation_id > :after AND r.reservation_id <= :up_to \
                 AND ((r.status IN (1, 2) AND (p.payment_id IS NULL OR r.payment_id IS NULL \
                                               OR r.payment_id <> p.payment_id)) \
                      OR (r.status NOT IN (1, 2) AND (p.payment_id IS NOT NULL OR r.payment_id IS NOT NULL)) \
                      OR (r.status = 2 AND f.refund_id IS NULL) OR (r.status <> 2 AND f.refund_id IS NOT NULL)) \
                 LIMIT :limit",
    columns: &[("reservation", Id), ("status", Number), ("payment", Id), ("refund", Id)],
};

const REFERENCES: Invariant = Invariant {
    name: "reservations_have_customer_and_performance",
    violations: "SELECT r.reservation_id, r.customer_id, r.performance_id FROM reservations r \
                 LEFT JOIN points_accounts a ON a.account_id = r.customer_id \
                 LEFT JOIN performances p ON p.performance_id = r.performance_id \
                 WHERE r.reservation_id > :after AND r.reservation_id <= :up_to \
                 AND (a.account_id IS NULL OR p.performance_id IS NULL) LIMIT :limit",
    columns: &[("reservation", Id), ("customer", Id), ("performance", Id)],
};
