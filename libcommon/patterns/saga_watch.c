#include "patterns/saga_watch.h"

#include "base/clock.h"
#include "base/mem.h"
#include "io/db.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "patterns/periodic.h"

enum { PERIOD_MS = 5 * 1000, LIMIT_MS = 5 * 1000, MARKED_AT_ONCE = 50 };

struct saga_watch {
    const struct saga_runner_config *config;
    struct metric_family *stuck;
    struct periodic *periodic;
};

static struct status query_new(struct db *db, struct db_rows *ret)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_read_begin(&tx, db));
    return db_query(
        &tx,
        "SELECT id, kind, phase, owner, trouble, until_at < UTC_TIMESTAMP(6), "
        "TIMESTAMPDIFF(SECOND, created_at, UTC_TIMESTAMP(6)) FROM saga "
        "WHERE active = 1 AND stuck_at IS NULL "
        "AND created_at + INTERVAL GREATEST(?, "
        "? * TIMESTAMPDIFF(SECOND, created_at, deadline_at)) SECOND "
        "< UTC_TIMESTAMP(6) ORDER BY id LIMIT ?",
        DB_ARGS(DB_I64(SAGA_STUCK_LEAST_S), DB_I64(SAGA_STUCK_FACTOR), DB_U64(MARKED_AT_ONCE)),
        ret);
}

/* False: another process was faster, or it just ended. */
static struct status mark(struct db *db, int64_t id, bool *ret_marked)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    uint64_t affected;

    TRY(db_tx_begin(&tx, db));
    TRY(db_exec(&tx,
                "UPDATE saga FORCE INDEX (PRIMARY) SET stuck_at = UTC_TIMESTAMP(6) "
                "WHERE id = ? AND active = 1 AND stuck_at IS NULL",
                DB_ARGS(DB_I64(id)), &affected));
    TRY(db_tx_commit(&tx));
    *ret_marked = affected == 1;
    return STATUS_OK;
}

static void report(const struct db_rows *row)
{
    const char *trouble = db_get_text(row, 4);
    const bool due = db_get_i64(row, 5);

    if (!*trouble)
        trouble = due ? "no process takes it up" : "no step failed, it is still at work";
    log_error("saga stuck", LOG_I64("saga", db_get_i64(row, 0)),
              LOG_STR("kind", db_get_text(row, 1)), LOG_I64("phase", db_get_i64(row, 2)),
              LOG_STR("owner", db_get_text(row, 3)), LOG_STR("why", trouble),
              LOG_I64("age_s", db_get_i64(row, 6)));
}

static struct status mark_new(struct saga_watch *watch, bool *ret_more)
{
    AUTO(db_rows_end) struct db_rows rows = {0};
    bool marked;

    TRY(query_new(watch->config->db, &rows));
    *ret_more = rows.count == MARKED_AT_ONCE;
    while (db_rows_next(&rows)) {
        TRY(mark(watch->config->db, db_get_i64(&rows, 0), &marked));
        if (marked)
            report(&rows);
    }
    return STATUS_OK;
}

static struct status count(struct saga_watch *watch)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_read_begin(&tx, watch->config->db));
    TRY(db_query(&tx,
                 "SELECT kind, COUNT(*) FROM saga WHERE active = 1 AND stuck_at IS NOT NULL "
                 "GROUP BY kind",
                 DB_NO_ARGS, &rows));
    for (size_t i = 0; i < watch->config->kind_count; i++)
        metric_set(metric_series(watch->stuck, watch->config->kinds[i]->name), 0);
    while (db_rows_next(&rows))
        metric_set(metric_series(watch->stuck, db_get_text(&rows, 0)),
                   (double)db_get_i64(&rows, 1));
    return STATUS_OK;
}

static struct status look(void *arg, bool *ret_more)
{
    TRY(mark_new(arg, ret_more));
    return count(arg);
}

struct saga_watch *saga_watch_start(const struct saga_runner_config *config)
{
    struct saga_watch *watch = mem_new(struct saga_watch);

    watch->config = config;
    watch->stuck = metric_family(METRIC_GAUGE, "souk_saga_stuck", "kind",
                                 "Sagas that do not get on, the same from each process that asks");
    watch->periodic = periodic_start(&(struct periodic_config){.name = "saga.stuck",
                                                               .period_ms = PERIOD_MS,
                                                               .limit_ms = LIMIT_MS,
                                                               .run = look,
                                                               .arg = watch});
    return watch;
}

void saga_watch_stop(struct saga_watch *watch)
{
    periodic_stop(watch->periodic);
    mem_free(watch);
}
