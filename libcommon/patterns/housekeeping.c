#include "patterns/housekeeping.h"

#include "base/clock.h"
#include "base/mem.h"
#include "observe/metrics.h"
#include "patterns/lease.h"
#include "patterns/periodic.h"
#include "patterns/purge_repo.h"

enum { EVERY_MS = 10 * 1000, LIMIT_MS = 10 * 1000 };

#define HOUR_US (3600 * CLOCK_US_PER_S)

struct housekeeping {
    struct db *db;
    struct lease *lease;
    struct periodic *task;
    struct metric_family *purged;
};

static const struct chore {
    const char *table;
    struct status (*purge)(struct db *db, int64_t age_us, uint64_t *ret_rows);
    int64_t age_us;
} chores[] = {
    {"request", purge_requests, HOUSEKEEPING_REQUEST_H *HOUR_US},
    {"inbox", purge_inbox, HOUSEKEEPING_INBOX_H *HOUR_US},
    {"saga", purge_sagas, HOUSEKEEPING_SAGA_H *HOUR_US},
    {"outbox", purge_outbox, HOUSEKEEPING_OUTBOX_H *HOUR_US},
};

static struct status purge(const struct housekeeping *housekeeping, const struct chore *chore,
                           bool *ret_more)
{
    uint64_t rows = 0;

    TRY(chore->purge(housekeeping->db, chore->age_us, &rows));
    if (rows)
        metric_add(metric_series(housekeeping->purged, chore->table), (double)rows);
    *ret_more |= rows >= PURGE_ROWS_MAX;
    return STATUS_OK;
}

/*
 * A bounded piece of each; others have the database in between. A table that cannot be purged now
 * does not keep the others from it; the first failure counts.
 */
static struct status run(void *arg, bool *ret_more)
{
    const struct housekeeping *housekeeping = arg;
    struct status failure = STATUS_OK;

    for (size_t i = 0; i < ARRAY_LEN(chores) && lease_is_held(housekeeping->lease); i++) {
        const struct status st = purge(housekeeping, &chores[i], ret_more);
        if (status_ok(&failure))
            failure = st;
    }
    return failure;
}

struct housekeeping *housekeeping_start(struct db *db, const char *owner)
{
    struct housekeeping *housekeeping = mem_new(struct housekeeping);
    const struct periodic_config config = {
        .name = "housekeeping",
        .period_ms = EVERY_MS,
        .limit_ms = LIMIT_MS,
        .run = run,
        .arg = housekeeping,
    };

    housekeeping->db = db;
    housekeeping->purged = metric_family(METRIC_COUNTER, "souk_purged_rows_total", "table",
                                         "Rows that were old enough to be forgotten");
    housekeeping->lease = lease_start(db, "housekeeping", owner);
    housekeeping->task = periodic_start(&config);
    return housekeeping;
}

void housekeeping_stop(struct housekeeping *housekeeping)
{
    if (!housekeeping)
        return;
    periodic_stop(housekeeping->task);
    lease_stop(housekeeping->lease);
    mem_free(housekeeping);
}
