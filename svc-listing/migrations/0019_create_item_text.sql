CREATE TABLE IF NOT EXISTS item_text (
    item_id     BIGINT NOT NULL PRIMARY KEY,
    description TEXT NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
