//! Allotments: never more taken than there is, and exactly what reservations took.
//!
//! A reservation's `status` is 0 held, 1 paid.

use super::invariant::Kind::{Id, Number};
use super::invariant::{Invariant, Subject};

/// The allotments of every performance; a performance's allotments are in one slice. Few at once: each counts its tickets.
pub(super) const ALLOTMENTS: Subject =
    Subject { table: "allotments", key: "performance_id", slice: 20, invariants: &[WITHIN, TAKEN, PRICED] };

const WITHIN: Invariant = Invariant {
    name: "allotments_stay_within_their_capacity",
    violations: "SELECT a.performance_id, a.category_no, a.capacity, a.taken FROM allotments a \
                 WHERE a.performance_id > :after AND a.performance_id <= :up_to \
                 AND (a.taken < 0 OR a.taken > a.capacity) LIMIT :limit",
    columns: &[("performance", Id), ("category_no", Number), ("capacity", Number), ("taken", Number)],
};

/// The categories of every performance; a performance's categories are in one slice.
pub(super) const CATEGORIES: Subject =
    Subject { table: "performance_categories", key: "performance_id", slice: 5_000, invariants: &[THERE] };

const THERE: Invariant = Invariant {
    name: "categories_of_tickets_have_their_allotment",
    violations: "SELECT c.performance_id, c.position FROM performance_categories c \
                 LEFT JOIN allotments a ON a.performance_id = c.performance_id AND a.category_no = c.position \
                 WHERE c.performance_id > :after AND c.performance_id <= :up_to \
                 AND c.kind = 'allotment' AND a.performance_id IS NULL LIMIT :limit",
    columns: &[("performance", Id), ("category_no", Number)],
};

/// A hold past its end counts until it is ended, as its row says.
const TAKEN: Invariant = Invariant {
    name: "allotments_are_what_reservations_took",
    violations: "SELECT a.performance_id, a.category_no, a.taken, COALESCE(t.tickets, 0) FROM allotments a \
                 JOIN performance_categories c ON c.performance_id = a.performance_id AND c.position = a.category_no \
                 LEFT JOIN (SELECT r.performance_id, i.category_id, COUNT(*) AS tickets FROM reservations r \
                            JOIN reservation_items i ON i.reservation_id = r.reservation_id \
                            WHERE r.status IN (0, 1) AND r.performance_id > :after AND r.performance_id <= :up_to \
                            AND i.seat_no IS NULL GROUP BY r.performance_id, i.category_id) t \
                 ON t.performance_id = a.performance_id AND t.category_id = c.category_id \
                 WHERE a.performance_id > :after AND a.performance_id <= :up_to \
                 AND a.taken <> COALESCE(t.tickets, 0) LIMIT :limit",
    columns: &[("performance", Id), ("category_no", Number), ("taken", Number), ("reserved", Number)],
};

const PRICED: Invariant = Invariant {
    name: "allotments_have_a_price",
    violations: "SELECT a.performance_id, a.category_no FROM allotments a \
                 LEFT JOIN performance_categories c ON c.performance_id = a.performance_id \
                 AND c.position = a.category_no AND c.kind = 'allotment' \
                 WHERE a.performance_id > :after AND a.performance_id <= :up_to AND c.performance_id IS NULL \
                 LIMIT :limit",
    columns: &[("performance", Id), ("category_no", Number)],
};
