CREATE TABLE IF NOT EXISTS payment_event (
    provider   VARBINARY(20) NOT NULL,
    event_id   VARBINARY(64) NOT NULL,
    payment_id BIGINT NOT NULL,
    succeeded  TINYINT UNSIGNED NOT NULL,
    created_at DATETIME(6) NOT NULL,
    PRIMARY KEY (provider, event_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
