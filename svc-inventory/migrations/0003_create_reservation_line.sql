CREATE TABLE IF NOT EXISTS reservation_line (
    reservation_id BIGINT NOT NULL,
    sku_id         BIGINT NOT NULL,
    quantity       BIGINT UNSIGNED NOT NULL,
    PRIMARY KEY (reservation_id, sku_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
