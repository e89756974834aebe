#include "patterns/cron_repo.h"

#include <stdio.h>

#include "base/mem.h"
#include "io/db.h"

/* Of what every query below selects: ROW in the order of these. */
enum {
    C_NAME,
    C_SCHEDULE,
    C_NEXT,
    C_SLOT,
    C_HOLDER,
    C_FENCE,
    C_UNTIL,
    C_FAILURES,
    C_STARTED,
    C_ENDED,
    C_OK,
    C_OUTCOME,
    C_DETAIL,
    C_NOW,
};

#define ROW                                                                                  \
    "name, schedule, next_at, slot_at, holder, fence, until_at, failures, last_started_at, " \
    "last_ended_at, last_ok_at, outcome, detail, UTC_TIMESTAMP(6)"

static int64_t time_of(const struct db_rows *rows, unsigned column)
{
    return db_get_is_null(rows, column) ? 0 : db_get_time(rows, column);
}

static struct db_value time_value(int64_t unix_us)
{
    return unix_us ? DB_TIME(unix_us) : DB_NULL;
}

#define COPY_TEXT(to, rows, column) snprintf(to, sizeof(to), "%s", db_get_text(rows, column))

static void read_row(const struct db_rows *rows, struct cron_row *ret)
{
    *ret = (struct cron_row){
        .state.next_us = db_get_time(rows, C_NEXT),
        .state.slot_us = time_of(rows, C_SLOT),
        .state.fence = db_get_u64(rows, C_FENCE),
        .state.until_us = time_of(rows, C_UNTIL),
        .state.failures = (unsigned)db_get_u64(rows, C_FAILURES),
        .state.started_us = time_of(rows, C_STARTED),
        .state.ended_us = time_of(rows, C_ENDED),
        .state.succeeded_us = time_of(rows, C_OK),
        .now_us = db_get_time(rows, C_NOW),
    };
    COPY_TEXT(ret->name, rows, C_NAME);
    COPY_TEXT(ret->state.schedule, rows, C_SCHEDULE);
    COPY_TEXT(ret->state.holder, rows, C_HOLDER);
    COPY_TEXT(ret->state.outcome, rows, C_OUTCOME);
    COPY_TEXT(ret->state.detail, rows, C_DETAIL);
}

struct status cron_repo_list(struct db *db, const char *const *names, size_t count,
                             struct cron_row *ret, size_t *ret_count)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    AUTO(db_rows_end) struct db_rows rows = {0};
    AUTO(mem_freep) struct db_value *values = mem_calloc(count, sizeof *values);
    const struct db_set set = {.values = values, .width = 1, .rows = count};

    for (size_t i = 0; i < count; i++)
        values[i] = DB_TEXT(names[i]);
    TRY(db_read_begin(&tx, db));
    TRY(db_query_set(&tx, "SELECT " ROW " FROM cron_job WHERE name IN ({,|?}) ORDER BY name",
                     DB_NO_ARGS, &set, 1, &rows));
    for (*ret_count = 0; db_rows_next(&rows); (*ret_count)++)
        read_row(&rows, &ret[*ret_count]);
    return STATUS_OK;
}

struct status cron_repo_lock(struct db_tx *tx, const char *name, struct cron_row *ret,
                             bool *ret_found)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx, "SELECT " ROW " FROM cron_job WHERE name = ? FOR UPDATE",
                 DB_ARGS(DB_TEXT(name)), &rows));
    *ret_found = db_rows_next(&rows);
    if (*ret_found) {
        read_row(&rows, ret);
        return STATUS_OK;
    }
    *ret = (struct cron_row){0};
    snprintf(ret->name, sizeof ret->name, "%s", name);
    return db_now(tx, &ret->now_us);
}

struct status cron_repo_insert(struct db_tx *tx, const struct cron_row *row)
{
    return db_exec(
        tx, "INSERT INTO cron_job (name, schedule, next_at) VALUES (?, ?, ?)",
        DB_ARGS(DB_TEXT(row->name), DB_TEXT(row->state.schedule), DB_TIME(row->state.next_us)),
        NULL);
}

struct status cron_repo_save(struct db_tx *tx, const struct cron_row *row)
{
    const struct cron_state *state = &row->state;

    return db_exec(tx,
                   "UPDATE cron_job SET schedule = ?, next_at = ?, slot_at = ?, holder = ?, "
                   "fence = ?, until_at = ?, failures = ?, last_started_at = ?, "
                   "last_ended_at = ?, last_ok_at = ?, outcome = ?, detail = ? WHERE name = ?",
                   DB_ARGS(DB_TEXT(state->schedule), DB_TIME(state->next_us),
                           time_value(state->slot_us), DB_TEXT(state->holder), DB_U64(state->fence),
                           time_value(state->until_us), DB_U64(state->failures),
                           time_value(state->started_us), time_value(state->ended_us),
                           time_value(state->succeeded_us), DB_TEXT(state->outcome),
                           DB_TEXT(state->detail), DB_TEXT(row->name)),
                   NULL);
}

struct status cron_repo_renew(struct db *db, const char *name, uint64_t fence, bool *ret_held)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    uint64_t affected;

    TRY(db_tx_begin(&tx, db));
    TRY(db_exec(&tx,
                "UPDATE cron_job SET until_at = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND "
                "WHERE name = ? AND fence = ? AND holder <> ''",
                DB_ARGS(DB_I64(CRON_LEASE_US), DB_TEXT(name), DB_U64(fence)), &affected));
    TRY(db_tx_commit(&tx));
    *ret_held = affected == 1;
    return STATUS_OK;
}
