CREATE TABLE IF NOT EXISTS stock (
    sku_id        BIGINT NOT NULL PRIMARY KEY,
    model         TINYINT UNSIGNED NOT NULL,
    free          BIGINT UNSIGNED NOT NULL,
    held          BIGINT UNSIGNED NOT NULL,
    sold          BIGINT UNSIGNED NOT NULL,
    version       BIGINT NOT NULL,
    shop_id       BIGINT NOT NULL,
    supplier_id   BIGINT NOT NULL,
    dirty         TINYINT UNSIGNED NOT NULL,
    event_version BIGINT NOT NULL,
    updated_at    DATETIME(6) NOT NULL,
    KEY to_tell (dirty, sku_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
