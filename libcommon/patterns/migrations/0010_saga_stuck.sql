ALTER TABLE saga
    ADD COLUMN trouble  VARCHAR(320) NOT NULL DEFAULT '',
    ADD COLUMN stuck_at DATETIME(6) NULL,
    ADD KEY to_show (active, id)
