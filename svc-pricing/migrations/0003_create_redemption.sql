CREATE TABLE IF NOT EXISTS redemption (
    redemption_id       BIGINT NOT NULL PRIMARY KEY,
    status              TINYINT UNSIGNED NOT NULL,
    quote_id            BIGINT NOT NULL,
    pay_order_id        BIGINT NOT NULL,
    user_id             BIGINT NOT NULL,
    active_quote_id     BIGINT NULL,
    active_pay_order_id BIGINT NULL,
    redeemed_by         VARBINARY(40) NULL,
    redeemed_at         DATETIME(6) NULL,
    cancelled_by        VARBINARY(40) NULL,
    cancelled_at        DATETIME(6) NULL,
    UNIQUE KEY one_of_a_quote (active_quote_id),
    UNIQUE KEY one_of_a_pay_order (active_pay_order_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
