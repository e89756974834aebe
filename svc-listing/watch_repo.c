#include "watch_repo.h"

#include "io/db.h"
#include "watch.h"

struct status watch_repo_begin(struct db_tx *tx, int64_t listing_id)
{
    return db_exec(tx,
                   "INSERT INTO listing_watch (listing_id, retries, since_at, due_at) "
                   "VALUES (?, 0, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) + INTERVAL ? SECOND) "
                   "ON DUPLICATE KEY UPDATE retries = 0, since_at = VALUES(since_at), "
                   "due_at = VALUES(due_at)",
                   DB_ARGS(DB_I64(listing_id), DB_I64(WATCH_TIMEOUT_S)), NULL);
}

struct status watch_repo_end(struct db_tx *tx, int64_t listing_id)
{
    return db_exec(tx, "DELETE FROM listing_watch WHERE listing_id = ?",
                   DB_ARGS(DB_I64(listing_id)), NULL);
}

struct status watch_repo_find_due(struct db_tx *tx, int64_t after_id, size_t most,
                                  struct arena *arena, int64_t **ret, size_t *ret_count)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx,
                 "SELECT listing_id FROM listing_watch "
                 "WHERE due_at <= UTC_TIMESTAMP(6) AND listing_id > ? ORDER BY listing_id LIMIT ?",
                 DB_ARGS(DB_I64(after_id), DB_U64(most)), &rows));
    *ret = arena_array_of(arena, int64_t, rows.count);
    for (*ret_count = 0; db_rows_next(&rows); ++*ret_count)
        (*ret)[*ret_count] = db_get_i64(&rows, 0);
    return STATUS_OK;
}

struct status watch_repo_get_due(struct db_tx *tx, int64_t listing_id, struct watch *ret,
                                 bool *ret_found)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx,
                 "SELECT retries, since_at <= UTC_TIMESTAMP(6) - INTERVAL ? SECOND "
                 "FROM listing_watch WHERE listing_id = ? AND due_at <= UTC_TIMESTAMP(6)",
                 DB_ARGS(DB_I64(WATCH_STUCK_S), DB_I64(listing_id)), &rows));
    *ret_found = db_rows_next(&rows);
    if (*ret_found)
        *ret = (struct watch){
            .retries = (int)db_get_i64(&rows, 0),
            .stuck = db_get_i64(&rows, 1) != 0,
        };
    return STATUS_OK;
}

struct status watch_repo_postpone(struct db_tx *tx, int64_t listing_id, int retries)
{
    return db_exec(tx,
                   "UPDATE listing_watch SET retries = ?, "
                   "due_at = UTC_TIMESTAMP(6) + INTERVAL ? SECOND WHERE listing_id = ?",
                   DB_ARGS(DB_I64(retries), DB_I64(WATCH_TIMEOUT_S), DB_I64(listing_id)), NULL);
}
