CREATE TABLE IF NOT EXISTS refund (
    refund_id    BIGINT NOT NULL PRIMARY KEY,
    payment_id   BIGINT NOT NULL,
    order_id     BIGINT NOT NULL,
    pay_order_id BIGINT NOT NULL,
    user_id      BIGINT NOT NULL,
    currency     BINARY(3) NOT NULL,
    amount_minor BIGINT NOT NULL,
    status       TINYINT UNSIGNED NOT NULL,
    reason       VARCHAR(200) NOT NULL,
    created_at   DATETIME(6) NOT NULL,
    UNIQUE KEY once (payment_id, order_id),
    KEY by_order (order_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
