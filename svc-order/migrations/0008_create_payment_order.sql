CREATE TABLE IF NOT EXISTS payment_order (
    payment_id BIGINT NOT NULL,
    order_id   BIGINT NOT NULL,
    PRIMARY KEY (payment_id, order_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
