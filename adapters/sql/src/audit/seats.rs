//! Seats: free, held by one hold, or sold to one paid reservation; as many as the plan has.
//!
//! A seat's `state` is 0 free, 1 held, 2 sold; a reservation's `status` is 0 held, 1 paid.

use super::invariant::Kind::{Id, Number};
use super::invariant::{Invariant, Subject};

/// The seats of every performance; a performance's seats are in one slice.
pub(super) const SEATS: Subject = Subject {
    table: "seats",
    key: "performance_id",
    slice: 20_000,
    invariants: &[FREE, HELD, SOLD, PRICED, LAID_OUT, REFERENCES],
};

const FREE: Invariant = Invariant {
    name: "free_seats_have_nobody",
    violations: "SELECT s.performance_id, s.seat_no, s.state, s.reservation_id FROM seats s \
                 WHERE s.performance_id > :after AND s.performance_id <= :up_to \
                 AND (s.state NOT IN (0, 1, 2) \
                      OR (s.state = 0 AND (s.reservation_id IS NOT NULL OR s.held_until IS NOT NULL))) \
                 LIMIT :limit",
    columns: &[("performance", Id), ("seat", Number), ("state", Number), ("reservation", Id)],
};

/// A hold past its end counts too until it is tidied: its row says held, and so may its seats.
const HELD: Invariant = Invariant {
    name: "seats_held_by_one_hold",
    violations: "SELECT s.performance_id, s.seat_no, s.reservation_id, r.status FROM seats s \
                 LEFT JOIN reservations r ON r.reservation_id = s.reservation_id \
                 LEFT JOIN reservation_items i ON i.reservation_id = r.reservation_id AND i.seat_no = s.seat_no \
                 WHERE s.performance_id > :after AND s.performance_id <= :up_to AND s.state = 1 \
                 AND (i.reservation_id IS NULL OR r.performance_id <> s.performance_id OR r.status <> 0 \
                      OR s.held_until IS NULL OR r.held_until <> s.held_until) \
                 LIMIT :limit",
    columns: &[("performance", Id), ("seat", Number), ("reservation", Id), ("status", Number)],
};

const SOLD: Invariant = Invariant {
    name: "seats_sold_to_paid_reservations",
    violations: "SELECT s.performance_id, s.seat_no, s.reservation_id, r.status FROM seats s \
                 LEFT JOIN reservations r ON r.reservation_id = s.reservation_id \
                 LEFT JOIN reservation_items i ON i.reservation_id = r.reservation_id AND i.seat_no = s.seat_no \
                 WHERE s.performance_id > :after AND s.performance_id <= :up_to AND s.state = 2 \
                 AND (i.reservation_id IS NULL OR r.performance_id <> s.performance_id OR r.status <> 1) \
                 LIMIT :limit",
    columns: &[("performance", Id), ("seat", Number), ("reservation", Id), ("status", Number)],
};

const PRICED: Invariant = Invariant {
    name: "seats_have_a_price",
    violations: "SELECT s.performance_id, s.seat_no, s.category_no FROM seats s \
                 LEFT JOIN performance_categories c \
                 ON c.performance_id = s.performance_id AND c.position = s.category_no AND c.kind = 'seats' \
                 WHERE s.performance_id > :after AND s.performance_id <= :up_to AND c.performance_id IS NULL \
                 LIMIT :limit",
    columns: &[("performance", Id), ("seat", Number), ("category_no", Number)],
};

/// Not of performances that are being prepared, nor of cancelled ones: their preparation may have been cut off.
const LAID_OUT: Invariant = Invariant {
    name: "performances_have_the_seats_of_their_plan",
    violations: "SELECT t.performance_id, t.planned, t.laid_out, t.alike FROM ( \
                 SELECT p.performance_id, COALESCE(l.seats, 0) AS planned, \
                 (SELECT COUNT(*) FROM seats s WHERE s.performance_id = p.performance_id) AS laid_out, \
                 (SELECT COUNT(*) FROM seats s JOIN plan_seats ps ON ps.plan_id = p.plan_id \
                  AND ps.seat_no = s.seat_no AND ps.category_no = s.category_no \
                  WHERE s.performance_id = p.performance_id) AS alike \
                 FROM performances p LEFT JOIN seating_plans l ON l.plan_id = p.plan_id \
                 WHERE p.performance_id > :after AND p.performance_id <= :up_to \
                 AND p.status IN ('scheduled', 'paused')) t \
                 WHERE t.laid_out <> t.planned OR t.alike <> t.planned LIMIT :limit",
    columns: &[("performance", Id), ("planned", Number), ("laid_out", Number), ("as_planned", Number)],
};

const REFERENCES: Invariant = Invariant {
    name: "performances_have_concert_plan_and_version",
    violations: "SELECT p.performance_id, p.concert_id, p.plan_id FROM performances p \
                 LEFT JOIN concerts c ON c.concert_id = p.concert_id \
                 LEFT JOIN seating_plans l ON l.plan_id = p.plan_id \
                 LEFT JOIN performance_versions v ON v.performance_id = p.performance_id \
                 WHERE p.performance_id > :after AND p.performance_id <= :up_to \
                 AND (c.concert_id IS NULL OR v.performance_id IS NULL \
                      OR (p.plan_id IS NOT NULL AND l.plan_id IS NULL)) \
                 LIMIT :limit",
    columns: &[("performance", Id), ("concert", Id), ("plan", Id)],
};
