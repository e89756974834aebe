CREATE TABLE IF NOT EXISTS audit_log (
    listing_id BIGINT NOT NULL,
    version    BIGINT NOT NULL,
    strategy   TINYINT UNSIGNED NOT NULL,
    approved   TINYINT UNSIGNED NOT NULL,
    comment    VARCHAR(1000) NOT NULL,
    auditor    VARBINARY(40) NOT NULL,
    audited_at DATETIME(6) NOT NULL,
    PRIMARY KEY (listing_id, version)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
