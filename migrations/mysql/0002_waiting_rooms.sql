-- Waiting rooms, and the tenants that use them for sites of their own; for MySQL 8.4 and MariaDB 10.11.

CREATE TABLE tenants (
    tenant_id BINARY(16) NOT NULL PRIMARY KEY,
    name VARCHAR(100) NOT NULL,
    created_at DATETIME(6) NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Keys themselves are kept nowhere.
CREATE TABLE api_keys (
    key_id BINARY(16) NOT NULL PRIMARY KEY,
    tenant_id BINARY(16) NOT NULL,
    name VARCHAR(100) NOT NULL,
    digest BINARY(32) NOT NULL,
    created_at DATETIME(6) NOT NULL,
    revoked_at DATETIME(6) NULL,
    UNIQUE KEY api_keys_by_digest (digest)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- A room's terms, and from `ceiling` on how far it has come. Its row is the lock of everything that changes the room, its
-- ticks, visits, blocks and entrants. `tenant_id` is NULL for rooms of the operators; `phase` is gathering, drawing, open,
-- paused or closed; `change_no` rises with every change, and whatever changed has the number of its change.
CREATE TABLE waiting_rooms (
    room_id BINARY(16) NOT NULL PRIMARY KEY,
    tenant_id BINARY(16) NULL,
    concert_id BINARY(16) NULL,
    name VARCHAR(200) NOT NULL,
    admit_count INT NOT NULL,
    admit_every_ms INT NOT NULL,
    capacity INT NOT NULL,
    max_waiting INT NOT NULL,
    pass_seconds INT NOT NULL,
    claim_seconds INT NOT NULL,
    redirect_url TEXT NULL,
    opens_at DATETIME(6) NULL,
    message VARCHAR(1000) NULL,
    phase VARCHAR(16) NOT NULL,
    created_at DATETIME(6) NOT NULL,
    closed_at DATETIME(6) NULL,
    seed BINARY(32) NULL,
    entrants_digest BINARY(32) NULL,
    entrants INT NOT NULL,
    ceiling BIGINT NOT NULL,
    serving BIGINT NOT NULL,
    tick_no BIGINT NOT NULL,
    next_tick_at DATETIME(6) NOT NULL,
    alive BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    healing_until DATETIME(6) NULL,
    resumed_number BIGINT NULL,
    change_no BIGINT NOT NULL,
    KEY waiting_rooms_of_tenant (tenant_id, room_id),
    KEY waiting_rooms_of_concert (concert_id, closed_at),
    KEY waiting_rooms_by_end (closed_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- One letting-in. `kind` is 0 scheduled, 1 by hand, 2 picked; picked ones have no range of numbers: 0 to 0. `settled` once
-- those who never used their pass are counted out, `expired` once everybody is.
CREATE TABLE room_ticks (
    room_id BINARY(16) NOT NULL,
    tick_no BIGINT NOT NULL,
    kind TINYINT NOT NULL,
    from_number BIGINT NOT NULL,
    to_number BIGINT NOT NULL,
    at DATETIME(6) NOT NULL,
    claim_until DATETIME(6) NOT NULL,
    expires_at DATETIME(6) NOT NULL,
    present BIGINT NOT NULL,
    claimed BIGINT NOT NULL,
    ended BIGINT NOT NULL,
    ended_unclaimed BIGINT NOT NULL,
    settled TINYINT NOT NULL,
    expired TINYINT NOT NULL,
    change_no BIGINT NOT NULL,
    PRIMARY KEY (room_id, tick_no),
    KEY room_ticks_by_number (room_id, to_number),
    KEY room_ticks_by_claim (room_id, settled, claim_until),
    KEY room_ticks_by_end (room_id, expired, expires_at),
    KEY room_ticks_by_change (room_id, change_no)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- A number that was claimed, picked or ended. `tick_no` is 0 for one that ended before any tick let it in;
-- `ended_because` is 1 left, 2 paid, 3 finished, 4 blocked.
CREATE TABLE room_visits (
    room_id BINARY(16) NOT NULL,
    number BIGINT NOT NULL,
    visitor VARCHAR(64) NOT NULL,
    tick_no BIGINT NOT NULL,
    let_in_at DATETIME(6) NOT NULL,
    claimed_at DATETIME(6) NULL,
    expires_at DATETIME(6) NOT NULL,
    ended_at DATETIME(6) NULL,
    ended_because TINYINT NULL,
    pass_id BINARY(16) NOT NULL,
    change_no BIGINT NOT NULL,
    PRIMARY KEY (room_id, number),
    KEY room_visits_of_visitor (room_id, visitor),
    KEY room_visits_by_pass (room_id, pass_id),
    KEY room_visits_by_change (room_id, change_no)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Visitors that are shut out; those that were let back stay, with `blocked` 0, so that everybody hears of it.
CREATE TABLE room_blocks (
    room_id BINARY(16) NOT NULL,
    visitor VARCHAR(64) NOT NULL,
    blocked TINYINT NOT NULL,
    change_no BIGINT NOT NULL,
    PRIMARY KEY (room_id, visitor),
    KEY room_blocks_by_change (room_id, change_no)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Who joined an opening draw, with the number drawn once it is made.
CREATE TABLE room_entrants (
    room_id BINARY(16) NOT NULL,
    visitor VARCHAR(64) NOT NULL,
    pseudonym BINARY(32) NOT NULL,
    number BIGINT NULL,
    PRIMARY KEY (room_id, visitor),
    KEY room_entrants_by_number (room_id, number)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Codes and passes that a tenant has presented, by digest.
CREATE TABLE room_redemptions (
    digest BINARY(32) NOT NULL PRIMARY KEY,
    room_id BINARY(16) NOT NULL,
    expires_at DATETIME(6) NOT NULL,
    KEY room_redemptions_by_end (expires_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Keys that sign passes; the private half is encrypted by the configured secret.
CREATE TABLE pass_keys (
    sequence_no BIGINT NOT NULL PRIMARY KEY,
    public_key BINARY(32) NOT NULL,
    sealed_key VARBINARY(512) NOT NULL,
    created_at DATETIME(6) NOT NULL,
    active_from DATETIME(6) NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
