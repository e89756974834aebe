CREATE TABLE IF NOT EXISTS expiry_sweep (
    id          TINYINT NOT NULL PRIMARY KEY, -- 1: there is one row
    ran_at      DATETIME(6) NOT NULL,
    spare_until DATETIME(6) NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
