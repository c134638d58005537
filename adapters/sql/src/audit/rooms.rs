//! Waiting rooms: who is inside is counted right, and nobody is passed over or let in twice.
//!
//! Of ticks that were counted out, only their ranges are proved: their visits may have been purged.

use super::invariant::Kind::{Id, Number, Text};
use super::invariant::{Invariant, Subject};

/// Every room.
pub(super) const ROOMS: Subject =
    Subject { table: "waiting_rooms", key: "room_id", slice: 500, invariants: &[INSIDE, SERVING, GUARDED, OWNED] };

/// The ticks of every room; a room's ticks are in one slice.
pub(super) const TICKS: Subject =
    Subject { table: "room_ticks", key: "room_id", slice: 10_000, invariants: &[RANGES, COUNTED] };

/// The visits of every room; a room's visits are in one slice.
pub(super) const VISITS: Subject =
    Subject { table: "room_visits", key: "room_id", slice: 10_000, invariants: &[LET_IN, ONCE] };

/// Every API key.
pub(super) const API_KEYS: Subject = Subject { table: "api_keys", key: "key_id", slice: 10_000, invariants: &[TENANT] };

const INSIDE: Invariant = Invariant {
    name: "rooms_count_who_is_inside",
    violations: "SELECT c.room_id, c.alive, CAST(c.inside AS SIGNED) FROM ( \
                 SELECT r.room_id, r.alive, (SELECT COALESCE(SUM(CASE WHEN t.settled = 1 THEN t.claimed - t.ended \
                 ELSE t.present - t.ended - t.ended_unclaimed END), 0) FROM room_ticks t \
                 WHERE t.room_id = r.room_id AND t.expired = 0) AS inside FROM waiting_rooms r \
                 WHERE r.room_id > :after AND r.room_id <= :up_to) c \
                 WHERE c.alive <> c.inside OR c.alive < 0 LIMIT :limit",
    columns: &[("room", Id), ("alive", Number), ("ticks", Number)],
};

const SERVING: Invariant = Invariant {
    name: "rooms_serve_what_their_ticks_let_in",
    violations: "SELECT c.room_id, c.ceiling, c.serving, c.last FROM ( \
                 SELECT r.room_id, r.ceiling, r.serving, (SELECT MAX(t.to_number) FROM room_ticks t \
                 WHERE t.room_id = r.room_id AND t.to_number > 0) AS last FROM waiting_rooms r \
                 WHERE r.room_id > :after AND r.room_id <= :up_to) c \
                 WHERE c.serving > c.ceiling OR c.last <> c.serving LIMIT :limit",
    columns: &[("room", Id), ("ceiling", Number), ("serving", Number), ("let_in", Number)],
};

const GUARDED: Invariant = Invariant {
    name: "concerts_have_one_open_room",
    violations: "SELECT r.room_id, r.concert_id, o.room_id FROM waiting_rooms r \
                 JOIN waiting_rooms o ON o.concert_id = r.concert_id AND o.room_id <> r.room_id \
                 WHERE r.room_id > :after AND r.room_id <= :up_to \
                 AND r.closed_at IS NULL AND o.closed_at IS NULL LIMIT :limit",
    columns: &[("room", Id), ("concert", Id), ("other_room", Id)],
};

const OWNED: Invariant = Invariant {
    name: "rooms_have_tenant_and_concert",
    violations: "SELECT r.room_id, r.tenant_id, r.concert_id FROM waiting_rooms r \
                 LEFT JOIN tenants n ON n.tenant_id = r.tenant_id \
                 LEFT JOIN concerts c ON c.concert_id = r.concert_id \
                 WHERE r.room_id > :after AND r.room_id <= :up_to \
                 AND ((r.tenant_id IS NOT NULL AND n.tenant_id IS NULL) \
                      OR (r.concert_id IS NOT NULL AND c.concert_id IS NULL)) LIMIT :limit",
    columns: &[("room", Id), ("tenant", Id), ("concert", Id)],
};

/// The first range that is left begins anywhere: those before it were purged.
const RANGES: Invariant = Invariant {
    name: "ticks_follow_one_another",
    violations: "SELECT c.room_id, c.tick_no, c.from_number, c.to_number, c.previous FROM ( \
                 SELECT t.room_id, t.tick_no, t.kind, t.from_number, t.to_number, \
                 (SELECT MAX(o.to_number) FROM room_ticks o WHERE o.room_id = t.room_id AND o.to_number > 0 \
                  AND o.to_number < t.to_number) AS previous FROM room_ticks t \
                 WHERE t.room_id > :after AND t.room_id <= :up_to) c \
                 WHERE (c.kind = 2 AND (c.from_number <> 0 OR c.to_number <> 0)) \
                 OR (c.kind <> 2 AND (c.from_number < 1 OR c.to_number < c.from_number \
                                      OR c.from_number <> c.previous + 1)) LIMIT :limit",
    columns: &[("room", Id), ("tick", Number), ("from", Number), ("to", Number), ("previous", Number)],
};

const COUNTED: Invariant = Invariant {
    name: "ticks_count_their_visits",
    violations: "SELECT t.room_id, t.tick_no, t.claimed, CAST(COALESCE(c.claimed, 0) AS SIGNED), t.ended, \
                 CAST(COALESCE(c.ended, 0) AS SIGNED), t.ended_unclaimed FROM room_ticks t LEFT JOIN ( \
                 SELECT v.room_id, v.tick_no, COUNT(v.claimed_at) AS claimed, \
                 SUM(CASE WHEN v.claimed_at IS NOT NULL AND v.ended_at IS NOT NULL THEN 1 ELSE 0 END) AS ended, \
                 SUM(CASE WHEN v.claimed_at IS NULL AND v.ended_at IS NOT NULL THEN 1 ELSE 0 END) AS unclaimed \
                 FROM room_visits v WHERE v.room_id > :after AND v.room_id <= :up_to \
                 GROUP BY v.room_id, v.tick_no) c ON c.room_id = t.room_id AND c.tick_no = t.tick_no \
                 WHERE t.room_id > :after AND t.room_id <= :up_to AND t.expired = 0 \
                 AND (t.claimed <> COALESCE(c.claimed, 0) OR t.ended <> COALESCE(c.ended, 0) \
                      OR t.ended_unclaimed > COALESCE(c.unclaimed, 0)) LIMIT :limit",
    columns: &[
        ("room", Id),
        ("tick", Number),
        ("claimed", Number),
        ("visits_claimed", Number),
        ("ended", Number),
        ("visits_ended", Number),
        ("ended_unclaimed", Number),
    ],
};

const LET_IN: Invariant = Invariant {
    name: "visits_have_their_room_and_tick",
    violations: "SELECT v.room_id, v.number, v.tick_no FROM room_visits v \
                 LEFT JOIN waiting_rooms r ON r.room_id = v.room_id \
                 LEFT JOIN room_ticks t ON t.room_id = v.room_id AND t.tick_no = v.tick_no \
                 WHERE v.room_id > :after AND v.room_id <= :up_to \
                 AND (r.room_id IS NULL \
                      OR (v.tick_no = 0 AND v.ended_at IS NULL) \
                      OR (v.tick_no > 0 AND v.expires_at > :live_after AND (t.room_id IS NULL \
                          OR (t.to_number > 0 AND (v.number < t.from_number OR v.number > t.to_number))))) \
                 LIMIT :limit",
    columns: &[("room", Id), ("number", Number), ("tick", Number)],
};

const ONCE: Invariant = Invariant {
    name: "visitors_are_inside_once",
    violations: "SELECT v.room_id, v.visitor, COUNT(*) FROM room_visits v \
                 WHERE v.room_id > :after AND v.room_id <= :up_to AND v.claimed_at IS NOT NULL \
                 AND v.ended_at IS NULL AND v.expires_at > :live_after \
                 GROUP BY v.room_id, v.visitor HAVING COUNT(*) > 1 LIMIT :limit",
    columns: &[("room", Id), ("visitor", Text), ("visits", Number)],
};

const TENANT: Invariant = Invariant {
    name: "api_keys_have_their_tenant",
    violations: "SELECT k.key_id, k.tenant_id FROM api_keys k LEFT JOIN tenants n ON n.tenant_id = k.tenant_id \
                 WHERE k.key_id > :after AND k.key_id <= :up_to AND n.tenant_id IS NULL LIMIT :limit",
    columns: &[("key", Id), ("tenant", Id)],
};
