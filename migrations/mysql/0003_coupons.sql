-- Coupon campaigns and their coupons; for MySQL 8.4 and MariaDB 10.11.

-- A campaign's terms, and how many coupons were issued. Its row is the lock under which coupons are issued and terms are
-- changed. A discount is an amount, or percent with or without a ceiling; `concert_id` is NULL when coupons are for every
-- concert; `change_no` rises with every change of the terms.
CREATE TABLE coupon_campaigns (
    campaign_id BINARY(16) NOT NULL PRIMARY KEY,
    name VARCHAR(200) NOT NULL,
    total INT NOT NULL,
    discount_amount BIGINT NULL,
    discount_percent TINYINT NULL,
    discount_at_most BIGINT NULL,
    starts_at DATETIME(6) NOT NULL,
    ends_at DATETIME(6) NOT NULL,
    expires_at DATETIME(6) NOT NULL,
    concert_id BINARY(16) NULL,
    created_at DATETIME(6) NOT NULL,
    issued INT NOT NULL,
    change_no BIGINT NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- `payment_id` is the payment on which the coupon is spent, NULL while it is not and again after a refund.
CREATE TABLE coupons (
    coupon_id BINARY(16) NOT NULL PRIMARY KEY,
    campaign_id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    issued_at DATETIME(6) NOT NULL,
    payment_id BINARY(16) NULL,
    spent_at DATETIME(6) NULL,
    UNIQUE KEY coupons_of_campaign (campaign_id, customer_id),
    KEY coupons_in_order (campaign_id, coupon_id),
    KEY coupons_of_customer (customer_id, coupon_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- The coupon that was spent, and the one that came back.
ALTER TABLE payments ADD COLUMN coupon_id BINARY(16) NULL;
ALTER TABLE refunds ADD COLUMN coupon_id BINARY(16) NULL;
