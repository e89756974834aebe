CREATE TABLE IF NOT EXISTS document_sku (
    sku_id        BIGINT NOT NULL PRIMARY KEY,
    item_id       BIGINT NOT NULL,
    prices        MEDIUMBLOB NOT NULL,
    price_version BIGINT NOT NULL,
    model         TINYINT UNSIGNED NOT NULL,
    free          BIGINT NOT NULL,
    stock_version BIGINT NOT NULL,
    updated_at    DATETIME(6) NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
