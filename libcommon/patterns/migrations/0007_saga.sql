CREATE TABLE IF NOT EXISTS saga (
    id             BIGINT NOT NULL PRIMARY KEY,
    kind           VARBINARY(64) NOT NULL,
    phase          TINYINT UNSIGNED NOT NULL,
    active         TINYINT UNSIGNED NOT NULL,
    state          MEDIUMBLOB NOT NULL,
    owner          VARBINARY(128) NOT NULL,
    claim          VARBINARY(160) NOT NULL DEFAULT '',
    until_at       DATETIME(6) NOT NULL,
    deadline_at    DATETIME(6) NOT NULL,
    outcome_code   TINYINT UNSIGNED NOT NULL DEFAULT 0,
    outcome_reason VARBINARY(64) NULL,
    outcome_detail VARCHAR(128) NULL,
    created_at     DATETIME(6) NOT NULL,
    updated_at     DATETIME(6) NOT NULL,
    KEY to_resume (active, until_at),
    KEY by_owner (owner, active)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
