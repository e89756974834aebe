#include "patterns/purge_repo.h"

#include "io/db.h"

static struct status purge(struct db *db, const char *sql, int64_t age_us, uint64_t *ret_rows)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_tx_begin(&tx, db));
    TRY(db_exec(&tx, sql, DB_ARGS(DB_I64(age_us), DB_I64(PURGE_ROWS_MAX)), ret_rows));
    return db_tx_commit(&tx);
}

struct status purge_requests(struct db *db, int64_t age_us, uint64_t *ret_rows)
{
    return purge(db,
                 "DELETE FROM request WHERE created_at < UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND "
                 "AND answer IS NOT NULL ORDER BY created_at LIMIT ?",
                 age_us, ret_rows);
}

struct status purge_inbox(struct db *db, int64_t age_us, uint64_t *ret_rows)
{
    return purge(db,
                 "DELETE FROM inbox WHERE at < UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND "
                 "ORDER BY at LIMIT ?",
                 age_us, ret_rows);
}

/* The lease of one that ended ran out when it did, or soon after. */
struct status purge_sagas(struct db *db, int64_t age_us, uint64_t *ret_rows)
{
    return purge(db,
                 "DELETE FROM saga WHERE active = 0 "
                 "AND until_at < UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND "
                 "ORDER BY until_at LIMIT ?",
                 age_us, ret_rows);
}

/* The last of the oldest rows that is old enough and below the cursor; 0: none. */
static struct status find_last(struct db *db, int64_t age_us, uint64_t *ret_seq)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    AUTO(db_rows_end) struct db_rows rows = {0};

    *ret_seq = 0;
    TRY(db_read_begin(&tx, db));
    TRY(db_query(&tx,
                 "SELECT outbox.seq, outbox.created_at < UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND "
                 "FROM outbox_cursor JOIN outbox ON outbox.seq <= outbox_cursor.seq "
                 "WHERE outbox_cursor.id = 1 ORDER BY outbox.seq LIMIT ?",
                 DB_ARGS(DB_I64(age_us), DB_I64(PURGE_ROWS_MAX)), &rows));
    while (db_rows_next(&rows) && db_get_i64(&rows, 1))
        *ret_seq = db_get_u64(&rows, 0);
    return STATUS_OK;
}

struct status purge_outbox(struct db *db, int64_t age_us, uint64_t *ret_rows)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    uint64_t last;

    *ret_rows = 0;
    TRY(find_last(db, age_us, &last));
    if (!last)
        return STATUS_OK;
    TRY(db_tx_begin(&tx, db));
    TRY(db_exec(&tx, "DELETE FROM outbox WHERE seq <= ?", DB_ARGS(DB_U64(last)), ret_rows));
    return db_tx_commit(&tx);
}
