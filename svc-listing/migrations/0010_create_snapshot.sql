CREATE TABLE IF NOT EXISTS snapshot (
    snapshot_id  BIGINT NOT NULL PRIMARY KEY,
    item_id      BIGINT NOT NULL,
    digest       BINARY(16) NOT NULL,
    item_version BIGINT NOT NULL,
    document     MEDIUMBLOB NOT NULL,
    created_at   DATETIME(6) NOT NULL,
    UNIQUE KEY by_content (item_id, digest)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
