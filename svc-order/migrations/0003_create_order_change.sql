CREATE TABLE IF NOT EXISTS order_change (
    order_id    BIGINT NOT NULL,
    change_id   BIGINT NOT NULL,
    machine     TINYINT UNSIGNED NOT NULL,
    from_status TINYINT UNSIGNED NOT NULL,
    to_status   TINYINT UNSIGNED NOT NULL,
    reason      VARCHAR(200) NOT NULL,
    changed_by  VARBINARY(40) NOT NULL,
    changed_at  DATETIME(6) NOT NULL,
    PRIMARY KEY (order_id, change_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
