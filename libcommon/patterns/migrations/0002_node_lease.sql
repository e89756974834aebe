CREATE TABLE IF NOT EXISTS node_lease (
    service       TINYINT UNSIGNED NOT NULL,
    node          TINYINT UNSIGNED NOT NULL,
    owner         VARBINARY(128) NOT NULL DEFAULT '',
    until_at      DATETIME(6) NOT NULL DEFAULT '2000-01-01',
    high_water_ms BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (service, node)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
