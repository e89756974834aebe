CREATE TABLE IF NOT EXISTS cron_job (
    name            VARBINARY(64) NOT NULL PRIMARY KEY,
    schedule        VARBINARY(40) NOT NULL,
    next_at         DATETIME(6) NOT NULL,
    slot_at         DATETIME(6) NULL,
    holder          VARBINARY(128) NOT NULL DEFAULT '',
    fence           BIGINT UNSIGNED NOT NULL DEFAULT 0,
    until_at        DATETIME(6) NULL,
    failures        INT UNSIGNED NOT NULL DEFAULT 0,
    last_started_at DATETIME(6) NULL,
    last_ended_at   DATETIME(6) NULL,
    last_ok_at      DATETIME(6) NULL,
    outcome         VARBINARY(16) NOT NULL DEFAULT '',
    detail          VARCHAR(200) NOT NULL DEFAULT ''
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
