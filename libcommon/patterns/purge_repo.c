#include "patterns/purge_repo.h"

#include "base/mem.h"
#include "io/db.h"

enum { SAGAS_MAX = 500 }; /* in a statement over a set */

static struct status purge(struct db *db, const char *sql, int64_t age_us, uint64_t *ret_rows,
                           bool *ret_more)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_tx_begin(&tx, db));
    TRY(db_exec(&tx, sql, DB_ARGS(DB_I64(age_us), DB_I64(PURGE_ROWS_MAX)), ret_rows));
    TRY(db_tx_commit(&tx));
    *ret_more = *ret_rows == PURGE_ROWS_MAX;
    return STATUS_OK;
}

struct status purge_requests(struct db *db, int64_t age_us, uint64_t *ret_rows, bool *ret_more)
{
    return purge(db,
                 "DELETE FROM request WHERE created_at < UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND "
                 "AND answer IS NOT NULL ORDER BY created_at LIMIT ?",
                 age_us, ret_rows, ret_more);
}

struct status purge_inbox(struct db *db, int64_t age_us, uint64_t *ret_rows, bool *ret_more)
{
    return purge(db,
                 "DELETE FROM inbox WHERE at < UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND "
                 "ORDER BY at LIMIT ?",
                 age_us, ret_rows, ret_more);
}

/* The lease of one that ended ran out when it did, or soon after. */
static struct status find_ended(struct db *db, int64_t age_us, struct db_value *ret_ids,
                                size_t *ret_count)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_read_begin(&tx, db));
    TRY(db_query(&tx,
                 "SELECT id FROM saga WHERE active = 0 "
                 "AND until_at < UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND "
                 "ORDER BY until_at LIMIT ?",
                 DB_ARGS(DB_I64(age_us), DB_I64(SAGAS_MAX)), &rows));
    for (*ret_count = 0; db_rows_next(&rows); (*ret_count)++)
        ret_ids[*ret_count] = DB_I64(db_get_i64(&rows, 0));
    return STATUS_OK;
}

/* A saga goes when nothing is left of what was done about it: who comes later finds the rest. */
static struct status delete_ended(struct db *db, const struct db_set *ids, uint64_t *ret_rows,
                                  bool *ret_more)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    uint64_t actions;

    TRY(db_tx_begin(&tx, db));
    TRY(db_exec_set(&tx, "DELETE FROM saga_action WHERE saga_id IN ({,|?}) ORDER BY seq LIMIT ?",
                    DB_ARGS(DB_I64(PURGE_ROWS_MAX)), ids, 1, &actions));
    if (actions < PURGE_ROWS_MAX)
        TRY(db_exec_set(&tx,
                        "DELETE saga FROM saga FORCE INDEX (PRIMARY) "
                        "WHERE id IN ({,|?}) AND active = 0",
                        DB_NO_ARGS, ids, 1, ret_rows));
    TRY(db_tx_commit(&tx));
    *ret_more = actions == PURGE_ROWS_MAX || ids->rows == SAGAS_MAX;
    return STATUS_OK;
}

struct status purge_sagas(struct db *db, int64_t age_us, uint64_t *ret_rows, bool *ret_more)
{
    AUTO(mem_freep) struct db_value *ids = mem_calloc(SAGAS_MAX, sizeof *ids);
    struct db_set set = {.values = ids, .width = 1};

    *ret_rows = 0;
    *ret_more = false;
    TRY(find_ended(db, age_us, ids, &set.rows));
    return set.rows ? delete_ended(db, &set, ret_rows, ret_more) : STATUS_OK;
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

struct status purge_outbox(struct db *db, int64_t age_us, uint64_t *ret_rows, bool *ret_more)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    uint64_t last;

    *ret_rows = 0;
    *ret_more = false;
    TRY(find_last(db, age_us, &last));
    if (!last)
        return STATUS_OK;
    TRY(db_tx_begin(&tx, db));
    TRY(db_exec(&tx, "DELETE FROM outbox WHERE seq <= ?", DB_ARGS(DB_U64(last)), ret_rows));
    TRY(db_tx_commit(&tx));
    *ret_more = *ret_rows >= PURGE_ROWS_MAX;
    return STATUS_OK;
}
