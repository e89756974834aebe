CREATE TABLE IF NOT EXISTS cart (
    user_id    BIGINT NOT NULL PRIMARY KEY,
    version    BIGINT NOT NULL,
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
