CREATE TABLE IF NOT EXISTS audit_rule (
    category_id    BIGINT NOT NULL,
    kind           TINYINT UNSIGNED NOT NULL,
    attribute_code VARBINARY(64) NOT NULL,
    min_number     BIGINT NOT NULL DEFAULT 0,
    max_number     BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (category_id, kind, attribute_code)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
