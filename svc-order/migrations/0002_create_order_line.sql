CREATE TABLE IF NOT EXISTS order_line (
    order_id         BIGINT NOT NULL,
    line_no          SMALLINT UNSIGNED NOT NULL,
    item_id          BIGINT NOT NULL,
    sku_id           BIGINT NOT NULL,
    snapshot_id      BIGINT NOT NULL,
    item_title       VARCHAR(200) NOT NULL,
    sku_title        VARCHAR(200) NOT NULL,
    quantity         BIGINT NOT NULL,
    base_minor       BIGINT NOT NULL,
    adjustment_minor BIGINT NOT NULL,
    total_minor      BIGINT NOT NULL,
    physical         TINYINT UNSIGNED NOT NULL,
    PRIMARY KEY (order_id, line_no)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
