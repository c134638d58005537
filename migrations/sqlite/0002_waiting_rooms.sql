-- Waiting rooms, and the tenants that use them for sites of their own. The same tables as for MySQL, under the same number.

CREATE TABLE tenants (
    tenant_id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL CHECK (length(name) <= 100),
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Keys themselves are kept nowhere.
CREATE TABLE api_keys (
    key_id BLOB NOT NULL PRIMARY KEY,
    tenant_id BLOB NOT NULL,
    name TEXT NOT NULL CHECK (length(name) <= 100),
    digest BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX api_keys_by_digest ON api_keys (digest);

-- A room's terms, and from `ceiling` on how far it has come. Its row is the lock of everything that changes the room, its
-- ticks, visits, blocks and entrants. `tenant_id` is NULL for rooms of the operators; `phase` is gathering, drawing, open,
-- paused or closed; `change_no` rises with every change, and whatever changed has the number of its change.
CREATE TABLE waiting_rooms (
    room_id BLOB NOT NULL PRIMARY KEY,
    tenant_id BLOB,
    concert_id BLOB,
    name TEXT NOT NULL CHECK (length(name) <= 200),
    admit_count INTEGER NOT NULL,
    admit_every_ms INTEGER NOT NULL,
    capacity INTEGER NOT NULL,
    max_waiting INTEGER NOT NULL,
    pass_seconds INTEGER NOT NULL,
    claim_seconds INTEGER NOT NULL,
    redirect_url TEXT,
    opens_at INTEGER,
    message TEXT CHECK (length(message) <= 1000),
    phase TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    closed_at INTEGER,
    seed BLOB,
    entrants_digest BLOB,
    entrants INTEGER NOT NULL,
    ceiling INTEGER NOT NULL,
    serving INTEGER NOT NULL,
    tick_no INTEGER NOT NULL,
    next_tick_at INTEGER NOT NULL,
    alive INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    healing_until INTEGER,
    resumed_number INTEGER,
    change_no INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX waiting_rooms_of_tenant ON waiting_rooms (tenant_id, room_id);
CREATE INDEX waiting_rooms_of_concert ON waiting_rooms (concert_id, closed_at);
CREATE INDEX waiting_rooms_by_end ON waiting_rooms (closed_at);

-- One letting-in. `kind` is 0 scheduled, 1 by hand, 2 picked; picked ones have no range of numbers: 0 to 0. `settled` once
-- those who never used their pass are counted out, `expired` once everybody is.
CREATE TABLE room_ticks (
    room_id BLOB NOT NULL,
    tick_no INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    from_number INTEGER NOT NULL,
    to_number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    claim_until INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    present INTEGER NOT NULL,
    claimed INTEGER NOT NULL,
    ended INTEGER NOT NULL,
    ended_unclaimed INTEGER NOT NULL,
    settled INTEGER NOT NULL,
    expired INTEGER NOT NULL,
    change_no INTEGER NOT NULL,
    PRIMARY KEY (room_id, tick_no)
) STRICT, WITHOUT ROWID;

CREATE INDEX room_ticks_by_number ON room_ticks (room_id, to_number);
CREATE INDEX room_ticks_by_claim ON room_ticks (room_id, claim_until) WHERE settled = 0;
CREATE INDEX room_ticks_by_end ON room_ticks (room_id, expires_at) WHERE expired = 0;
CREATE INDEX room_ticks_by_change ON room_ticks (room_id, change_no);

-- A number that was claimed, picked or ended. `tick_no` is 0 for one that ended before any tick let it in;
-- `ended_because` is 1 left, 2 paid, 3 finished, 4 blocked.
CREATE TABLE room_visits (
    room_id BLOB NOT NULL,
    number INTEGER NOT NULL,
    visitor TEXT NOT NULL CHECK (length(visitor) <= 64),
    tick_no INTEGER NOT NULL,
    let_in_at INTEGER NOT NULL,
    claimed_at INTEGER,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER,
    ended_because INTEGER,
    pass_id BLOB NOT NULL,
    change_no INTEGER NOT NULL,
    PRIMARY KEY (room_id, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX room_visits_of_visitor ON room_visits (room_id, visitor);
CREATE INDEX room_visits_by_pass ON room_visits (room_id, pass_id);
CREATE INDEX room_visits_by_change ON room_visits (room_id, change_no);

-- Visitors that are shut out; those that were let back stay, with `blocked` 0, so that everybody hears of it.
CREATE TABLE room_blocks (
    room_id BLOB NOT NULL,
    visitor TEXT NOT NULL CHECK (length(visitor) <= 64),
    blocked INTEGER NOT NULL,
    change_no INTEGER NOT NULL,
    PRIMARY KEY (room_id, visitor)
) STRICT, WITHOUT ROWID;

CREATE INDEX room_blocks_by_change ON room_blocks (room_id, change_no);

-- Who joined an opening draw, with the number drawn once it is made.
CREATE TABLE room_entrants (
    room_id BLOB NOT NULL,
    visitor TEXT NOT NULL CHECK (length(visitor) <= 64),
    pseudonym BLOB NOT NULL,
    number INTEGER,
    PRIMARY KEY (room_id, visitor)
) STRICT, WITHOUT ROWID;

CREATE INDEX room_entrants_by_number ON room_entrants (room_id, number);

-- Codes and passes that a tenant has presented, by digest.
CREATE TABLE room_redemptions (
    digest BLOB NOT NULL PRIMARY KEY,
    room_id BLOB NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX room_redemptions_by_end ON room_redemptions (expires_at);

-- Keys that sign passes; the private half is encrypted by the configured secret.
CREATE TABLE pass_keys (
    sequence_no INTEGER NOT NULL PRIMARY KEY,
    public_key BLOB NOT NULL,
    sealed_key BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    active_from INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
