CREATE TABLE IF NOT EXISTS request (
    caller     VARBINARY(40) NOT NULL,
    method     VARBINARY(128) NOT NULL,
    request_id VARBINARY(256) NOT NULL,
    digest     BINARY(16) NOT NULL,
    answer     MEDIUMBLOB NULL,
    created_at DATETIME(6) NOT NULL,
    PRIMARY KEY (caller, method, request_id),
    KEY by_age (created_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin
