ALTER TABLE reindex
    ADD COLUMN index_uuid VARBINARY(32) NOT NULL DEFAULT '' -- of the index that done_up_to is about
