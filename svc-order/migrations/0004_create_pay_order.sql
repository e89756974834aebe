CREATE TABLE IF NOT EXISTS pay_order (
    pay_order_id  BIGINT NOT NULL PRIMARY KEY,
    user_id       BIGINT NOT NULL,
    status        TINYINT UNSIGNED NOT NULL,
    currency      BINARY(3) NOT NULL,
    redemption_id BIGINT NOT NULL,
    paid_by       BIGINT NOT NULL,
    pay_by        DATETIME(6) NOT NULL,
    version       BIGINT NOT NULL,
    created_at    DATETIME(6) NOT NULL,
    updated_at    DATETIME(6) NOT NULL,
    KEY by_user (user_id, pay_order_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
