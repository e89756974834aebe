CREATE TABLE IF NOT EXISTS saga_action (
    seq     BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    saga_id BIGINT NOT NULL,
    action  VARBINARY(16) NOT NULL,
    by_whom VARBINARY(40) NOT NULL,
    why     VARCHAR(256) NOT NULL,
    at      DATETIME(6) NOT NULL,
    KEY by_saga (saga_id, seq)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
