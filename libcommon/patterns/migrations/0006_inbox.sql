CREATE TABLE IF NOT EXISTS inbox (
    consumer  VARBINARY(64) NOT NULL,
    ce_source VARBINARY(64) NOT NULL,
    ce_id     VARBINARY(64) NOT NULL,
    at        DATETIME(6) NOT NULL,
    PRIMARY KEY (consumer, ce_source, ce_id),
    KEY by_age (at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
