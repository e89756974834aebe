CREATE TABLE IF NOT EXISTS price (
    sku_id        BIGINT NOT NULL,
    price_id      BIGINT NOT NULL,
    kind          TINYINT UNSIGNED NOT NULL,
    amount_minor  BIGINT UNSIGNED NOT NULL,
    valid_from    DATETIME(6) NOT NULL,
    valid_to      DATETIME(6) NOT NULL,
    version       BIGINT NOT NULL,
    set_by        VARBINARY(40) NOT NULL,
    set_at        DATETIME(6) NOT NULL,
    ended_version BIGINT NOT NULL,
    ended_at      DATETIME(6) NULL,
    PRIMARY KEY (sku_id, price_id),
    UNIQUE KEY in_force (sku_id, ended_version, kind, valid_to)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
