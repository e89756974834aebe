CREATE TABLE IF NOT EXISTS cart_line (
    user_id     BIGINT NOT NULL,
    sku_id      BIGINT NOT NULL,
    item_id     BIGINT NOT NULL,
    quantity    BIGINT UNSIGNED NOT NULL,
    selected    TINYINT UNSIGNED NOT NULL,
    currency    VARBINARY(3) NOT NULL,
    price_minor BIGINT UNSIGNED NOT NULL,
    position    BIGINT NOT NULL,
    added_at    DATETIME(6) NOT NULL,
    PRIMARY KEY (user_id, sku_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
