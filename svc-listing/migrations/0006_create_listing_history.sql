CREATE TABLE IF NOT EXISTS listing_history (
    listing_id  BIGINT NOT NULL,
    version     BIGINT NOT NULL,
    from_status TINYINT UNSIGNED NULL,
    to_status   TINYINT UNSIGNED NOT NULL,
    action      VARBINARY(32) NOT NULL,
    comment     VARCHAR(1000) NOT NULL,
    changed_by  VARBINARY(40) NOT NULL,
    changed_at  DATETIME(6) NOT NULL,
    PRIMARY KEY (listing_id, version)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
