CREATE TABLE IF NOT EXISTS sku_price (
    sku_id        BIGINT NOT NULL PRIMARY KEY,
    currency      VARBINARY(3) NOT NULL,
    version       BIGINT NOT NULL,
    event_version BIGINT NOT NULL,
    shop_id       BIGINT NOT NULL,
    supplier_id   BIGINT NOT NULL,
    created_at    DATETIME(6) NOT NULL,
    updated_at    DATETIME(6) NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
