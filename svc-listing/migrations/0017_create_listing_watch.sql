CREATE TABLE IF NOT EXISTS listing_watch (
    listing_id BIGINT NOT NULL PRIMARY KEY,
    retries    TINYINT UNSIGNED NOT NULL,
    since_at   DATETIME(6) NOT NULL,
    due_at     DATETIME(6) NOT NULL,
    KEY by_due (due_at, listing_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
