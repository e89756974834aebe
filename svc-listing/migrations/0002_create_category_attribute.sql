CREATE TABLE IF NOT EXISTS category_attribute (
    category_id BIGINT NOT NULL,
    code        VARBINARY(64) NOT NULL,
    name        VARCHAR(64) NOT NULL,
    type        TINYINT UNSIGNED NOT NULL,
    required    TINYINT UNSIGNED NOT NULL,
    enum_values VARCHAR(2000) NOT NULL DEFAULT '',
    min_number  BIGINT NOT NULL DEFAULT 0,
    max_number  BIGINT NOT NULL DEFAULT 0,
    max_length  INT NOT NULL DEFAULT 0,
    sort_order  INT NOT NULL,
    PRIMARY KEY (category_id, code)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
