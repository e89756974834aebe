CREATE TABLE IF NOT EXISTS item (
    item_id     BIGINT NOT NULL PRIMARY KEY,
    listing_id  BIGINT NOT NULL,
    category_id BIGINT NOT NULL,
    source      TINYINT UNSIGNED NOT NULL,
    shop_id     BIGINT NOT NULL,
    supplier_id BIGINT NOT NULL,
    physical    TINYINT UNSIGNED NOT NULL,
    status      TINYINT UNSIGNED NOT NULL,
    version     BIGINT NOT NULL,
    title       VARCHAR(200) NOT NULL,
    digest      BINARY(16) NOT NULL,
    document    MEDIUMBLOB NOT NULL,
    created_at  DATETIME(6) NOT NULL,
    updated_at  DATETIME(6) NOT NULL,
    KEY by_shop (shop_id, item_id),
    KEY by_supplier (supplier_id, item_id),
    KEY by_category (category_id, item_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
