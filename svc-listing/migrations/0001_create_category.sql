CREATE TABLE IF NOT EXISTS category (
    category_id BIGINT NOT NULL PRIMARY KEY,
    code        VARBINARY(32) NOT NULL,
    name        VARCHAR(64) NOT NULL,
    parent_id   BIGINT NOT NULL,
    level       TINYINT UNSIGNED NOT NULL,
    sort_order  INT NOT NULL,
    physical    TINYINT UNSIGNED NOT NULL,
    active      TINYINT UNSIGNED NOT NULL,
    UNIQUE KEY by_code (code)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
