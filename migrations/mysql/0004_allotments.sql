-- Tickets without seats, for MySQL 8.4 and MariaDB 10.11.

-- `category_no` is the `position` of their price category. `taken` counts the items without a seat of reservations that
-- are held or paid: a hold past its end counts until it is ended, which whoever needs its tickets does first.
CREATE TABLE allotments (
    performance_id BINARY(16) NOT NULL,
    category_no INT NOT NULL,
    capacity INT NOT NULL,
    taken INT NOT NULL,
    area_no INT NULL,
    PRIMARY KEY (performance_id, category_no),
    CONSTRAINT allotments_taken CHECK (taken >= 0)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- The holds of one performance by their ends: whoever needs tickets looks for those that have ended.
ALTER TABLE reservations ADD KEY reservations_of_performance (performance_id, status, held_until);
