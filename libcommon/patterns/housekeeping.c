#include "patterns/housekeeping.h"

#include "base/clock.h"
#include "observe/metrics.h"
#include "patterns/purge_repo.h"

enum { LIMIT_MS = 5 * 60 * 1000 };

#define HOUR_US (3600 * CLOCK_US_PER_S)

typedef struct status (*purge)(struct db *db, int64_t age_us, uint64_t *ret_rows, bool *ret_more);

/* In bounded pieces; others have the database in between. The run's deadline ends it at the latest. */
static struct status forget(struct db *db, const char *table, purge purge_piece, int64_t age_us)
{
    struct metric *purged =
        metric_series(metric_family(METRIC_COUNTER, "souk_purged_rows_total", "table",
                                    "Rows that were old enough to be forgotten"),
                      table);
    bool more;

    do {
        uint64_t rows = 0;
        more = false;
        TRY(purge_piece(db, age_us, &rows, &more));
        metric_add(purged, (double)rows);
    } while (more);
    return STATUS_OK;
}

static struct status forget_requests(void *db, int64_t slot_us)
{
    (void)slot_us; /* old is what is old when it is deleted */
    return forget(db, "request", purge_requests, HOUSEKEEPING_REQUEST_H * HOUR_US);
}

static struct status forget_inbox(void *db, int64_t slot_us)
{
    (void)slot_us;
    return forget(db, "inbox", purge_inbox, HOUSEKEEPING_INBOX_H * HOUR_US);
}

static struct status forget_sagas(void *db, int64_t slot_us)
{
    (void)slot_us;
    return forget(db, "saga", purge_sagas, HOUSEKEEPING_SAGA_H * HOUR_US);
}

static struct status forget_outbox(void *db, int64_t slot_us)
{
    (void)slot_us;
    return forget(db, "outbox", purge_outbox, HOUSEKEEPING_OUTBOX_H * HOUR_US);
}

#define JOB(table, forget_rows)                                                        \
    {                                                                                  \
        .name = "housekeeping." table, .schedule = CRON_EVERY_S(HOUSEKEEPING_EVERY_S), \
        .limit_ms = LIMIT_MS, .run = (forget_rows)                                     \
    }

const struct cron_job housekeeping_jobs[] = {
    JOB("request", forget_requests),
    JOB("inbox", forget_inbox),
    JOB("saga", forget_sagas),
    JOB("outbox", forget_outbox),
};

const size_t housekeeping_job_count = ARRAY_LEN(housekeeping_jobs);
