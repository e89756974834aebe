CREATE TABLE IF NOT EXISTS document (
    item_id         BIGINT NOT NULL PRIMARY KEY,
    item            MEDIUMBLOB NOT NULL,
    item_version    BIGINT NOT NULL,
    category_id     BIGINT NOT NULL,
    shop_id         BIGINT NOT NULL,
    status          TINYINT UNSIGNED NOT NULL,
    doc_version     BIGINT NOT NULL,
    indexed_version BIGINT NOT NULL,
    due_at          DATETIME(6) NULL,
    failures        INT UNSIGNED NOT NULL,
    updated_at      DATETIME(6) NOT NULL,
    KEY to_index (due_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
