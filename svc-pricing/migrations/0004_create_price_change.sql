CREATE TABLE IF NOT EXISTS price_change (
    sku_id           BIGINT NOT NULL,
    version          BIGINT NOT NULL,
    kind             TINYINT UNSIGNED NOT NULL,
    amount_minor     BIGINT UNSIGNED NOT NULL,
    old_amount_minor BIGINT UNSIGNED NULL,
    valid_from       DATETIME(6) NOT NULL,
    valid_to         DATETIME(6) NOT NULL,
    comment          VARCHAR(500) NOT NULL,
    changed_by       VARBINARY(40) NOT NULL,
    changed_at       DATETIME(6) NOT NULL,
    PRIMARY KEY (sku_id, version)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
