CREATE TABLE IF NOT EXISTS outbox_parked (
    seq          BIGINT UNSIGNED NOT NULL PRIMARY KEY,
    queue        VARBINARY(96) NOT NULL,
    event_id     BIGINT NOT NULL,
    type         VARBINARY(64) NOT NULL,
    topic        VARBINARY(64) NOT NULL,
    aggregate_id BIGINT NOT NULL,
    traceparent  VARBINARY(55) NOT NULL,
    payload      MEDIUMBLOB NOT NULL,
    created_at   DATETIME(6) NOT NULL,
    KEY of_queue (queue, seq)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
