-- The first schema, for SQLite. The same tables as for MySQL, under the same number.
--
-- Ids are UUIDv7 as 16 bytes. Times are whole microseconds since 1970 in UTC, so that they compare and index exactly; to
-- read one: `SELECT datetime(held_until / 1000000, 'unixepoch') FROM reservations`; ids: `SELECT hex(reservation_id)`.
-- Money is a whole number of the smallest unit. Lengths that MySQL keeps by itself are checks here.
--
-- There are no foreign keys, as on MySQL: `onsale audit` proves that rows refer to rows.

CREATE TABLE accounts (
    account_id BLOB NOT NULL PRIMARY KEY,
    email TEXT NOT NULL CHECK (length(email) <= 254),
    name TEXT NOT NULL CHECK (length(name) <= 100),
    password_hash TEXT NOT NULL,
    is_customer INTEGER NOT NULL,
    is_operator INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX accounts_by_email ON accounts (email);

-- Its row is also the lock under which a customer's limits, balance and idempotency keys are read and written.
CREATE TABLE points_accounts (
    account_id BLOB NOT NULL PRIMARY KEY,
    balance INTEGER NOT NULL,
    CONSTRAINT points_accounts_balance CHECK (balance >= 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    session_id BLOB NOT NULL PRIMARY KEY,
    account_id BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_by_end ON sessions (expires_at);

CREATE TABLE refresh_tokens (
    token_digest BLOB NOT NULL PRIMARY KEY,
    session_id BLOB NOT NULL,
    used_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX refresh_tokens_of_session ON refresh_tokens (session_id);

CREATE TABLE seating_plans (
    plan_id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL CHECK (length(name) <= 200),
    width REAL NOT NULL,
    height REAL NOT NULL,
    seats INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE plan_categories (
    plan_id BLOB NOT NULL,
    category_no INTEGER NOT NULL,
    category_id BLOB NOT NULL,
    name TEXT NOT NULL CHECK (length(name) <= 200),
    color TEXT NOT NULL,
    seats INTEGER NOT NULL,
    PRIMARY KEY (plan_id, category_no)
) STRICT, WITHOUT ROWID;

CREATE TABLE plan_zones (
    plan_id BLOB NOT NULL,
    zone_no INTEGER NOT NULL,
    name TEXT NOT NULL CHECK (length(name) <= 200),
    PRIMARY KEY (plan_id, zone_no)
) STRICT, WITHOUT ROWID;

CREATE TABLE plan_areas (
    plan_id BLOB NOT NULL,
    area_no INTEGER NOT NULL,
    zone_no INTEGER NOT NULL,
    text TEXT NOT NULL,
    color TEXT,
    x REAL NOT NULL,
    y REAL NOT NULL,
    rotation REAL NOT NULL,
    shape TEXT NOT NULL,
    PRIMARY KEY (plan_id, area_no)
) STRICT, WITHOUT ROWID;

CREATE TABLE plan_seats (
    plan_id BLOB NOT NULL,
    seat_no INTEGER NOT NULL,
    guid TEXT NOT NULL,
    zone_no INTEGER NOT NULL,
    row_label TEXT NOT NULL,
    seat_label TEXT NOT NULL,
    category_no INTEGER NOT NULL,
    x REAL NOT NULL,
    y REAL NOT NULL,
    PRIMARY KEY (plan_id, seat_no)
) STRICT, WITHOUT ROWID;

-- `search_text` is title and venue in lower case, folded alike for both databases.
CREATE TABLE concerts (
    concert_id BLOB NOT NULL PRIMARY KEY,
    title TEXT NOT NULL CHECK (length(title) <= 200),
    description TEXT,
    image_url TEXT,
    venue TEXT NOT NULL,
    search_text TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- `max_seats_ever` is the highest `max_seats_per_customer` there ever was: what was held under it stays lawful.
CREATE TABLE performances (
    performance_id BLOB NOT NULL PRIMARY KEY,
    concert_id BLOB NOT NULL,
    starts_at INTEGER NOT NULL,
    time_zone TEXT NOT NULL,
    venue TEXT NOT NULL,
    plan_id BLOB,
    sales_open_at INTEGER NOT NULL,
    sales_close_at INTEGER NOT NULL,
    refundable_until INTEGER NOT NULL,
    hold_seconds INTEGER NOT NULL,
    max_seats_per_customer INTEGER NOT NULL,
    max_seats_ever INTEGER NOT NULL,
    currency TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX performances_of_concert ON performances (concert_id, starts_at);

-- `position` is the plan's `category_no`, which the seats' rows refer to.
CREATE TABLE performance_categories (
    performance_id BLOB NOT NULL,
    position INTEGER NOT NULL,
    category_id BLOB NOT NULL,
    name TEXT NOT NULL CHECK (length(name) <= 200),
    color TEXT NOT NULL,
    price INTEGER NOT NULL,
    kind TEXT NOT NULL,
    PRIMARY KEY (performance_id, position),
    CONSTRAINT performance_categories_price CHECK (price >= 0)
) STRICT, WITHOUT ROWID;

-- Its row is the lock of everything that changes a performance's seats, reservations or terms.
CREATE TABLE performance_versions (
    performance_id BLOB NOT NULL PRIMARY KEY,
    epoch INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- `state` is 0 free, 1 held, 2 sold. A held seat whose `held_until` has passed is free, tidied or not.
CREATE TABLE seats (
    performance_id BLOB NOT NULL,
    seat_no INTEGER NOT NULL,
    category_no INTEGER NOT NULL,
    state INTEGER NOT NULL,
    reservation_id BLOB,
    held_until INTEGER,
    PRIMARY KEY (performance_id, seat_no)
) STRICT, WITHOUT ROWID;

-- `status` is 0 held, 1 paid, 2 refunded, 3 expired, 4 cancelled; `settled_at` says when it was paid or refunded.
-- The first key answers a customer's limits by itself, the second finds holds whose time has passed.
CREATE TABLE reservations (
    reservation_id BLOB NOT NULL PRIMARY KEY,
    customer_id BLOB NOT NULL,
    performance_id BLOB NOT NULL,
    status INTEGER NOT NULL,
    quantity INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    currency TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    held_until INTEGER NOT NULL,
    payment_id BLOB,
    settled_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX reservations_of_customer ON reservations (customer_id, status, performance_id, quantity, held_until);
CREATE INDEX reservations_by_end ON reservations (held_until, reservation_id) WHERE status = 0;

CREATE TABLE reservation_items (
    reservation_id BLOB NOT NULL,
    item_no INTEGER NOT NULL,
    item_id BLOB NOT NULL,
    category_id BLOB NOT NULL,
    seat_no INTEGER,
    price INTEGER NOT NULL,
    PRIMARY KEY (reservation_id, item_no)
) STRICT, WITHOUT ROWID;

CREATE TABLE payments (
    payment_id BLOB NOT NULL PRIMARY KEY,
    reservation_id BLOB NOT NULL,
    customer_id BLOB NOT NULL,
    amount INTEGER NOT NULL,
    discount INTEGER NOT NULL,
    balance_after INTEGER NOT NULL,
    paid_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX payments_of_reservation ON payments (reservation_id);

CREATE TABLE refunds (
    refund_id BLOB NOT NULL PRIMARY KEY,
    payment_id BLOB NOT NULL,
    reservation_id BLOB NOT NULL,
    customer_id BLOB NOT NULL,
    amount INTEGER NOT NULL,
    balance_after INTEGER NOT NULL,
    refunded_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX refunds_of_reservation ON refunds (reservation_id);

-- `debit` and `credit` are customer, sales, promotion or outside; `customer_id` says which customer.
CREATE TABLE ledger_entries (
    entry_id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    debit TEXT NOT NULL,
    credit TEXT NOT NULL,
    customer_id BLOB,
    amount INTEGER NOT NULL,
    balance_after INTEGER,
    at INTEGER NOT NULL,
    performance_id BLOB,
    reservation_id BLOB,
    payment_id BLOB,
    refund_id BLOB,
    charge_id BLOB,
    CONSTRAINT ledger_entries_amount CHECK (amount > 0)
) STRICT;

CREATE INDEX ledger_entries_of_customer ON ledger_entries (customer_id, entry_id);

CREATE TABLE charges (
    charge_id BLOB NOT NULL PRIMARY KEY,
    customer_id BLOB NOT NULL,
    amount INTEGER NOT NULL,
    method TEXT NOT NULL CHECK (length(method) <= 64),
    entry_id BLOB NOT NULL,
    balance_after INTEGER NOT NULL,
    completed_at INTEGER NOT NULL
) STRICT;

-- Binary keys: a collation would take `Key-A` and `key-a` for one. `step` is 1 hold, 2 pay, 3 refund, 4 charge;
-- `subject_id` is the reservation that the path names, or zeros; `outcome` starts with the version of its format.
CREATE TABLE idempotency_keys (
    account_id BLOB NOT NULL,
    step INTEGER NOT NULL,
    subject_id BLOB NOT NULL,
    idempotency_key BLOB NOT NULL CHECK (length(idempotency_key) <= 255),
    request_digest BLOB NOT NULL,
    outcome BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, step, subject_id, idempotency_key)
) STRICT;

CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

CREATE TABLE catalogue_generation (
    id INTEGER NOT NULL PRIMARY KEY,
    generation INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO catalogue_generation (id, generation) VALUES (1, 1);

CREATE TABLE operator_actions (
    action_id BLOB NOT NULL PRIMARY KEY,
    operator_id BLOB,
    kind TEXT NOT NULL,
    subject_id BLOB NOT NULL,
    at INTEGER NOT NULL,
    before_json TEXT,
    after_json TEXT NOT NULL
) STRICT;
