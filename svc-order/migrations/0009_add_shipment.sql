ALTER TABLE orders
    ADD COLUMN carrier VARCHAR(60) NOT NULL DEFAULT '',
    ADD COLUMN tracking_no VARBINARY(60) NOT NULL DEFAULT '',
    ADD COLUMN shipped_at DATETIME(6) NULL,
    ADD COLUMN receive_by DATETIME(6) NULL,
    ADD KEY to_receive (status, receive_by)
