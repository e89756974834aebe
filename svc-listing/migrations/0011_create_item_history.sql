CREATE TABLE IF NOT EXISTS item_history (
    item_id     BIGINT NOT NULL,
    version     BIGINT NOT NULL,
    from_status TINYINT UNSIGNED NOT NULL,
    to_status   TINYINT UNSIGNED NOT NULL,
    comment     VARCHAR(1000) NOT NULL,
    changed_by  VARBINARY(40) NOT NULL,
    changed_at  DATETIME(6) NOT NULL,
    PRIMARY KEY (item_id, version)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
