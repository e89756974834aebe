ALTER TABLE reindex
    ADD COLUMN schema_digest VARBINARY(32) NOT NULL DEFAULT '', -- of the index that it makes
    ADD COLUMN given_up TINYINT UNSIGNED NOT NULL DEFAULT 0
