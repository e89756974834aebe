ALTER TABLE saga
    ADD COLUMN request_caller VARBINARY(40) NULL,
    ADD COLUMN request_method VARBINARY(128) NULL,
    ADD COLUMN request_id     VARBINARY(256) NULL
