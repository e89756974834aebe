CREATE TABLE IF NOT EXISTS payment (
    payment_id   BIGINT NOT NULL PRIMARY KEY,
    pay_order_id BIGINT NOT NULL,
    user_id      BIGINT NOT NULL,
    provider     VARBINARY(20) NOT NULL,
    method       VARBINARY(20) NOT NULL,
    status       TINYINT UNSIGNED NOT NULL,
    currency     BINARY(3) NOT NULL,
    amount_minor BIGINT NOT NULL,
    created_at   DATETIME(6) NOT NULL,
    updated_at   DATETIME(6) NOT NULL,
    KEY by_pay_order (pay_order_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
