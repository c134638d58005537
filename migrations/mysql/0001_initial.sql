-- The first schema, for MySQL 8.4 and MariaDB 10.11.
--
-- Ids are UUIDv7 as 16 bytes, so rows are inserted at the end of their table. Times are UTC with microseconds. Money is
-- a whole number of the smallest unit. Text compares byte by byte, whatever the server's defaults are. Nothing counts
-- up by itself, so that every server of a cluster may write.
--
-- There are no foreign keys: each costs a look-up and a lock on the parent for every row of a hot table, the steps read
-- what they refer to under lock anyway, and `onsale audit` proves it.

CREATE TABLE accounts (
    account_id BINARY(16) NOT NULL PRIMARY KEY,
    email VARCHAR(254) NOT NULL,
    name VARCHAR(100) NOT NULL,
    password_hash VARCHAR(255) NOT NULL,
    is_customer TINYINT NOT NULL,
    is_operator TINYINT NOT NULL,
    created_at DATETIME(6) NOT NULL,
    UNIQUE KEY accounts_by_email (email)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Its row is also the lock under which a customer's limits, balance and idempotency keys are read and written.
CREATE TABLE points_accounts (
    account_id BINARY(16) NOT NULL PRIMARY KEY,
    balance BIGINT NOT NULL,
    CONSTRAINT points_accounts_balance CHECK (balance >= 0)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE sessions (
    session_id BINARY(16) NOT NULL PRIMARY KEY,
    account_id BINARY(16) NOT NULL,
    created_at DATETIME(6) NOT NULL,
    expires_at DATETIME(6) NOT NULL,
    ended_at DATETIME(6) NULL,
    KEY sessions_by_end (expires_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE refresh_tokens (
    token_digest BINARY(32) NOT NULL PRIMARY KEY,
    session_id BINARY(16) NOT NULL,
    used_at DATETIME(6) NULL,
    KEY refresh_tokens_of_session (session_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE seating_plans (
    plan_id BINARY(16) NOT NULL PRIMARY KEY,
    name VARCHAR(200) NOT NULL,
    width DOUBLE NOT NULL,
    height DOUBLE NOT NULL,
    seats INT NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE plan_categories (
    plan_id BINARY(16) NOT NULL,
    category_no INT NOT NULL,
    category_id BINARY(16) NOT NULL,
    name VARCHAR(200) NOT NULL,
    color VARCHAR(200) NOT NULL,
    seats INT NOT NULL,
    PRIMARY KEY (plan_id, category_no)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE plan_zones (
    plan_id BINARY(16) NOT NULL,
    zone_no INT NOT NULL,
    name VARCHAR(200) NOT NULL,
    PRIMARY KEY (plan_id, zone_no)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE plan_areas (
    plan_id BINARY(16) NOT NULL,
    area_no INT NOT NULL,
    zone_no INT NOT NULL,
    text VARCHAR(200) NOT NULL,
    color VARCHAR(200) NULL,
    x DOUBLE NOT NULL,
    y DOUBLE NOT NULL,
    rotation DOUBLE NOT NULL,
    shape MEDIUMTEXT NOT NULL,
    PRIMARY KEY (plan_id, area_no)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE plan_seats (
    plan_id BINARY(16) NOT NULL,
    seat_no INT NOT NULL,
    guid VARCHAR(200) NOT NULL,
    zone_no INT NOT NULL,
    row_label VARCHAR(200) NOT NULL,
    seat_label VARCHAR(200) NOT NULL,
    category_no INT NOT NULL,
    x DOUBLE NOT NULL,
    y DOUBLE NOT NULL,
    PRIMARY KEY (plan_id, seat_no)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- `search_text` is title and venue in lower case, folded alike for both databases.
CREATE TABLE concerts (
    concert_id BINARY(16) NOT NULL PRIMARY KEY,
    title VARCHAR(200) NOT NULL,
    description TEXT NULL,
    image_url VARCHAR(2000) NULL,
    venue VARCHAR(200) NOT NULL,
    search_text TEXT NOT NULL,
    created_at DATETIME(6) NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- `max_seats_ever` is the highest `max_seats_per_customer` there ever was: what was held under it stays lawful.
CREATE TABLE performances (
    performance_id BINARY(16) NOT NULL PRIMARY KEY,
    concert_id BINARY(16) NOT NULL,
    starts_at DATETIME(6) NOT NULL,
    time_zone VARCHAR(64) NOT NULL,
    venue VARCHAR(200) NOT NULL,
    plan_id BINARY(16) NULL,
    sales_open_at DATETIME(6) NOT NULL,
    sales_close_at DATETIME(6) NOT NULL,
    refundable_until DATETIME(6) NOT NULL,
    hold_seconds INT NOT NULL,
    max_seats_per_customer INT NOT NULL,
    max_seats_ever INT NOT NULL,
    currency CHAR(3) NOT NULL,
    status VARCHAR(16) NOT NULL,
    created_at DATETIME(6) NOT NULL,
    KEY performances_of_concert (concert_id, starts_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- `position` is the plan's `category_no`, which the seats' rows refer to.
CREATE TABLE performance_categories (
    performance_id BINARY(16) NOT NULL,
    position INT NOT NULL,
    category_id BINARY(16) NOT NULL,
    name VARCHAR(200) NOT NULL,
    color VARCHAR(200) NOT NULL,
    price BIGINT NOT NULL,
    kind VARCHAR(16) NOT NULL,
    PRIMARY KEY (performance_id, position),
    CONSTRAINT performance_categories_price CHECK (price >= 0)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Its row is the lock of everything that changes a performance's seats, reservations or terms.
CREATE TABLE performance_versions (
    performance_id BINARY(16) NOT NULL PRIMARY KEY,
    epoch BIGINT NOT NULL,
    version BIGINT NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- `state` is 0 free, 1 held, 2 sold. A held seat whose `held_until` has passed is free, tidied or not.
CREATE TABLE seats (
    performance_id BINARY(16) NOT NULL,
    seat_no INT NOT NULL,
    category_no INT NOT NULL,
    state TINYINT NOT NULL,
    reservation_id BINARY(16) NULL,
    held_until DATETIME(6) NULL,
    PRIMARY KEY (performance_id, seat_no)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- `status` is 0 held, 1 paid, 2 refunded, 3 expired, 4 cancelled; `settled_at` says when it was paid or refunded.
-- The first key answers a customer's limits by itself, the second finds holds whose time has passed.
CREATE TABLE reservations (
    reservation_id BINARY(16) NOT NULL PRIMARY KEY,
    customer_id BINARY(16) NOT NULL,
    performance_id BINARY(16) NOT NULL,
    status TINYINT NOT NULL,
    quantity INT NOT NULL,
    amount BIGINT NOT NULL,
    currency CHAR(3) NOT NULL,
    created_at DATETIME(6) NOT NULL,
    held_until DATETIME(6) NOT NULL,
    payment_id BINARY(16) NULL,
    settled_at DATETIME(6) NULL,
    KEY reservations_of_customer (customer_id, status, performance_id, quantity, held_until),
    KEY reservations_by_end (status, held_until, reservation_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE reservation_items (
    reservation_id BINARY(16) NOT NULL,
    item_no INT NOT NULL,
    item_id BINARY(16) NOT NULL,
    category_id BINARY(16) NOT NULL,
    seat_no INT NULL,
    price BIGINT NOT NULL,
    PRIMARY KEY (reservation_id, item_no)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE payments (
    payment_id BINARY(16) NOT NULL PRIMARY KEY,
    reservation_id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    amount BIGINT NOT NULL,
    discount BIGINT NOT NULL,
    balance_after BIGINT NOT NULL,
    paid_at DATETIME(6) NOT NULL,
    UNIQUE KEY payments_of_reservation (reservation_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE refunds (
    refund_id BINARY(16) NOT NULL PRIMARY KEY,
    payment_id BINARY(16) NOT NULL,
    reservation_id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    amount BIGINT NOT NULL,
    balance_after BIGINT NOT NULL,
    refunded_at DATETIME(6) NOT NULL,
    UNIQUE KEY refunds_of_reservation (reservation_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- `debit` and `credit` are customer, sales, promotion or outside; `customer_id` says which customer.
CREATE TABLE ledger_entries (
    entry_id BINARY(16) NOT NULL PRIMARY KEY,
    kind VARCHAR(16) NOT NULL,
    debit VARCHAR(16) NOT NULL,
    credit VARCHAR(16) NOT NULL,
    customer_id BINARY(16) NULL,
    amount BIGINT NOT NULL,
    balance_after BIGINT NULL,
    at DATETIME(6) NOT NULL,
    performance_id BINARY(16) NULL,
    reservation_id BINARY(16) NULL,
    payment_id BINARY(16) NULL,
    refund_id BINARY(16) NULL,
    charge_id BINARY(16) NULL,
    KEY ledger_entries_of_customer (customer_id, entry_id),
    CONSTRAINT ledger_entries_amount CHECK (amount > 0)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE charges (
    charge_id BINARY(16) NOT NULL PRIMARY KEY,
    customer_id BINARY(16) NOT NULL,
    amount BIGINT NOT NULL,
    method VARCHAR(64) NOT NULL,
    entry_id BINARY(16) NOT NULL,
    balance_after BIGINT NOT NULL,
    completed_at DATETIME(6) NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Binary keys: a collation would take `Key-A` and `key-a` for one. `step` is 1 hold, 2 pay, 3 refund, 4 charge;
-- `subject_id` is the reservation that the path names, or zeros; `outcome` starts with the version of its format.
CREATE TABLE idempotency_keys (
    account_id BINARY(16) NOT NULL,
    step TINYINT NOT NULL,
    subject_id BINARY(16) NOT NULL,
    idempotency_key VARBINARY(255) NOT NULL,
    request_digest BINARY(32) NOT NULL,
    outcome MEDIUMBLOB NOT NULL,
    created_at DATETIME(6) NOT NULL,
    PRIMARY KEY (account_id, step, subject_id, idempotency_key),
    KEY idempotency_keys_by_age (created_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE catalogue_generation (
    id TINYINT NOT NULL PRIMARY KEY,
    generation BIGINT NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

INSERT INTO catalogue_generation (id, generation) VALUES (1, 1);

CREATE TABLE operator_actions (
    action_id BINARY(16) NOT NULL PRIMARY KEY,
    operator_id BINARY(16) NULL,
    kind VARCHAR(32) NOT NULL,
    subject_id BINARY(16) NOT NULL,
    at DATETIME(6) NOT NULL,
    before_json MEDIUMTEXT NULL,
    after_json MEDIUMTEXT NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
