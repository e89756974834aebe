#include "watchdog_worker.h"

#include "base/clock.h"
#include "catalog.h"
#include "io/db.h"
#include "listing_events.h"
#include "listing_flow.h"
#include "listing_repo.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "run/task.h"
#include "watch.h"
#include "watch_repo.h"

enum { BATCH = 100, ARENA_MAX = 8 * 1024 * 1024 };

static void count(const char *outcome)
{
    metric_add(metric_series(metric_family(METRIC_COUNTER, "souk_listing_overdue_total", "outcome",
                                           "Listings whose audit or publish did not come in time"),
                             outcome),
               1);
}

static struct status retry(const struct catalog *catalog, struct db_tx *tx,
                           const struct listing *listing, int retries)
{
    TRY(watch_repo_postpone(tx, listing->id, retries + 1));
    if (listing->status == LISTING_PENDING)
        return listing_tell_audit_pending(catalog, tx, listing);
    return listing_tell_publish_ready(catalog, tx, listing);
}

static struct status give_up(const struct catalog *catalog, struct db_tx *tx,
                             struct listing *listing, struct arena *arena)
{
    const struct flow_cause cause = {
        .by = CATALOG_CALLER,
        .now_us = clock_unix_us(),
        .comment = arena_printf(arena, "timeout after %d retries", WATCH_RETRIES_MAX),
    };

    if (listing->status == LISTING_PENDING)
        return flow_reject(catalog, tx, listing, &cause, arena);
    return flow_fail(catalog, tx, listing, &cause, arena);
}

static struct status act(const struct catalog *catalog, struct db_tx *tx, struct listing *listing,
                         enum watch_action action, int retries, struct arena *arena)
{
    switch (action) {
    case WATCH_WAIT: return watch_repo_postpone(tx, listing->id, retries);
    case WATCH_RETRY: return retry(catalog, tx, listing, retries);
    case WATCH_GIVE_UP: return give_up(catalog, tx, listing, arena);
    default: return watch_repo_end(tx, listing->id);
    }
}

/* What somebody is to be woken for. */
static void report(int64_t id, enum watch_action action, const struct watch *watch)
{
    if (action == WATCH_RETRY) {
        count("retried");
        log_warn("work on a listing told again", LOG_I64("listing", id),
                 LOG_I64("retry", watch->retries + 1));
    }
    if (action == WATCH_GIVE_UP) {
        count("given_up");
        log_error("listing given back after a timeout", LOG_I64("listing", id));
    }
    if (action == WATCH_WAIT && watch->stuck) {
        count("stuck");
        log_error("listing stuck", LOG_I64("listing", id));
    }
}

/* It may have got on since it was found: then nothing changes. */
static struct status look_after(const struct catalog *catalog, int64_t id)
{
    AUTO(arena_freep) struct arena *arena = arena_new(ARENA_MAX);
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct listing listing;
    struct watch watch;
    bool found;

    TRY(db_tx_begin(&tx, catalog->db));
    TRY(listing_repo_lock(&tx, id, arena, &listing, &found));
    if (!found)
        return status_error(CODE_INTERNAL, "INTERNAL", "listing %lld is gone", (long long)id);
    TRY(watch_repo_get_due(&tx, id, &watch, &found));
    if (!found)
        return STATUS_OK;
    const enum watch_action action = watch_decide(&listing, watch.retries);
    TRY(act(catalog, &tx, &listing, action, watch.retries, arena));
    TRY(db_tx_commit(&tx));
    report(id, action, &watch);
    return STATUS_OK;
}

/* One that cannot be helped is passed over: those behind it are not to wait for it. */
static struct status look_after_all(const struct catalog *catalog, const int64_t *ids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct status st = look_after(catalog, ids[i]);
        TRY(task_check());
        if (!status_ok(&st))
            log_at(status_may_retry(&st) ? LOG_WARN : LOG_ERROR, "overdue listing not looked after",
                   LOG_I64("listing", ids[i]), LOG_STATUS(st));
    }
    return STATUS_OK;
}

static struct status find_due(const struct catalog *catalog, int64_t after_id, struct arena *arena,
                              int64_t **ret, size_t *ret_count)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_read_begin(&tx, catalog->db));
    return watch_repo_find_due(&tx, after_id, BATCH, arena, ret, ret_count);
}

struct status watchdog_worker_run(void *catalog, bool *ret_more)
{
    AUTO(arena_freep) struct arena *arena = arena_new(ARENA_MAX);
    int64_t after_id = 0;
    size_t due_count;
    int64_t *ids;

    (void)ret_more; /* it goes through all */
    do {
        arena_reset(arena);
        TRY(find_due(catalog, after_id, arena, &ids, &due_count));
        TRY(look_after_all(catalog, ids, due_count));
        if (due_count)
            after_id = ids[due_count - 1];
    } while (due_count == BATCH);
    return STATUS_OK;
}
