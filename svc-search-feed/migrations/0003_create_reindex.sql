CREATE TABLE IF NOT EXISTS reindex (
    reindex_id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    running    TINYINT UNSIGNED NULL, -- 1 or NULL: there is one at the most
    index_name VARBINARY(80) NOT NULL,
    done_up_to BIGINT NOT NULL,
    items      BIGINT NOT NULL,
    started_at DATETIME(6) NOT NULL,
    ended_at   DATETIME(6) NULL,
    UNIQUE KEY one_at_a_time (running)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
