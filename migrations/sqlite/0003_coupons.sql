-- Coupon campaigns and their coupons; for SQLite. The same tables as for MySQL, under the same number.

-- A campaign's terms, and how many coupons were issued. Its row is the lock under which coupons are issued and terms are
-- changed. A discount is an amount, or percent with or without a ceiling; `concert_id` is NULL when coupons are for every
-- concert; `change_no` rises with every change of the terms.
CREATE TABLE coupon_campaigns (
    campaign_id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL CHECK (length(name) <= 200),
    total INTEGER NOT NULL,
    discount_amount INTEGER,
    discount_percent INTEGER,
    discount_at_most INTEGER,
    starts_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    concert_id BLOB,
    created_at INTEGER NOT NULL,
    issued INTEGER NOT NULL,
    change_no INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- `payment_id` is the payment on which the coupon is spent, NULL while it is not and again after a refund.
CREATE TABLE coupons (
    coupon_id BLOB NOT NULL PRIMARY KEY,
    campaign_id BLOB NOT NULL,
    customer_id BLOB NOT NULL,
    issued_at INTEGER NOT NULL,
    payment_id BLOB,
    spent_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX coupons_of_campaign ON coupons (campaign_id, customer_id);
CREATE INDEX coupons_in_order ON coupons (campaign_id, coupon_id);
CREATE INDEX coupons_of_customer ON coupons (customer_id, coupon_id);

-- The coupon that was spent, and the one that came back.
ALTER TABLE payments ADD COLUMN coupon_id BLOB;
ALTER TABLE refunds ADD COLUMN coupon_id BLOB;
