CREATE TABLE IF NOT EXISTS reservation (
    reservation_id BIGINT NOT NULL PRIMARY KEY,
    order_id       BIGINT NOT NULL,
    status         TINYINT UNSIGNED NOT NULL,
    version        BIGINT NOT NULL,
    expires_at     DATETIME(6) NOT NULL,
    created_at     DATETIME(6) NOT NULL,
    updated_at     DATETIME(6) NOT NULL,
    KEY to_expire (status, expires_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
