-- Tickets without seats. The same table as for MySQL, under the same number.

-- `category_no` is the `position` of their price category. `taken` counts the items without a seat of reservations that
-- are held or paid: a hold past its end counts until it is ended, which whoever needs its tickets does first.
CREATE TABLE allotments (
    performance_id BLOB NOT NULL,
    category_no INTEGER NOT NULL,
    capacity INTEGER NOT NULL,
    taken INTEGER NOT NULL,
    area_no INTEGER,
    PRIMARY KEY (performance_id, category_no),
    CONSTRAINT allotments_taken CHECK (taken >= 0)
) STRICT, WITHOUT ROWID;

-- The holds of one performance by their ends: whoever needs tickets looks for those that have ended.
CREATE INDEX reservations_of_performance ON reservations (performance_id, status, held_until);
