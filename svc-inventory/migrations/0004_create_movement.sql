CREATE TABLE IF NOT EXISTS movement (
    sku_id         BIGINT NOT NULL,
    movement_id    BIGINT NOT NULL,
    kind           TINYINT UNSIGNED NOT NULL,
    free_delta     BIGINT NOT NULL,
    held_delta     BIGINT NOT NULL,
    sold_delta     BIGINT NOT NULL,
    reservation_id BIGINT NOT NULL,
    reason         VARCHAR(128) NOT NULL,
    caller         VARBINARY(40) NOT NULL,
    created_at     DATETIME(6) NOT NULL,
    PRIMARY KEY (sku_id, movement_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
