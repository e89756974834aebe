-- What lab writes down, and what tests tell it.
CREATE TABLE lab_fault (
    name     VARCHAR(64) NOT NULL PRIMARY KEY,
    code     INT NOT NULL DEFAULT 0,     -- a status to answer with
    sleep_ms INT NOT NULL DEFAULT 0,     -- before that
    is_deaf  TINYINT NOT NULL DEFAULT 0  -- sleeps on when it is to stop
);
CREATE TABLE lab_handled (
    id       BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    event_id VARCHAR(64) NOT NULL,
    order_id BIGINT NOT NULL,
    version  BIGINT NOT NULL
);
CREATE TABLE lab_version (
    order_id BIGINT NOT NULL PRIMARY KEY,
    version  BIGINT NOT NULL
);
CREATE TABLE lab_call (
    id      BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    saga_id BIGINT NOT NULL,
    what    VARCHAR(16) NOT NULL,
    pid     BIGINT NOT NULL
);
CREATE TABLE lab_effect (
    saga_id BIGINT NOT NULL,
    step    VARCHAR(16) NOT NULL,
    undone  TINYINT NOT NULL,
    PRIMARY KEY (saga_id, step)
);
CREATE TABLE lab_run (
    id       BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    job      VARCHAR(16) NOT NULL,
    slot_at  DATETIME(6) NOT NULL,
    pid      BIGINT NOT NULL,
    began_at DATETIME(6) NOT NULL
);
-- Aggregates whose changes are told through the outbox.
CREATE TABLE lab_thing (
    id      BIGINT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL
);
