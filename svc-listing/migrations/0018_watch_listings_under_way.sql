INSERT INTO listing_watch (listing_id, retries, since_at, due_at)
SELECT listing_id, 0, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) + INTERVAL 1800 SECOND
FROM listing WHERE status IN (10, 11)
ON DUPLICATE KEY UPDATE due_at = listing_watch.due_at
