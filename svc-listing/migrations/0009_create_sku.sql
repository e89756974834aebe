CREATE TABLE IF NOT EXISTS sku (
    sku_id   BIGINT NOT NULL PRIMARY KEY,
    item_id  BIGINT NOT NULL,
    sku_code VARCHAR(64) NOT NULL,
    title    VARCHAR(200) NOT NULL,
    KEY by_item (item_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
