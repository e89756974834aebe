CREATE TABLE IF NOT EXISTS audit_policy (
    category_id BIGINT NOT NULL,
    source      TINYINT UNSIGNED NOT NULL,
    user_type   TINYINT UNSIGNED NOT NULL,
    strategy    TINYINT UNSIGNED NOT NULL,
    PRIMARY KEY (category_id, source, user_type)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
