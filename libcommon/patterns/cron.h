#pragma once

/*
 * cron: jobs that run at times, each time once, however many processes there are.
 *
 *     static const struct cron_job jobs[] = {
 *         {.name = "order.statement", .schedule = CRON_DAILY(3, 30), .limit_ms = 600 * 1000,
 *          .run = write_statement},
 *         {.name = "order.forget_carts", .schedule = CRON_EVERY_S(3600), .limit_ms = 60 * 1000,
 *          .run = forget_carts},
 *     };
 *
 * Each job is a row of the table cron_job: when it is due next, who runs it, how the last run ended.
 * All processes with the role worker look every CRON_LOOK_MS; the first one that finds a job due
 * holds it by a lease in the database's time, renewed while it runs. So of each slot
 * (cron_schedule.h):
 *
 *     it runs once, up to CRON_LOOK_MS late, by one process, different jobs side by side;
 *     what was missed (all processes down, the run before it took too long) runs once, not N times;
 *     a run that fails is logged, and tried again after at most 10 s, 20 s, ... 10 min, at the next
 *         slot at the latest; one that takes longer than its limit has failed;
 *     where a holder dies or hangs, another one runs it again when the lease is over, 10 s after its
 *         last word; a job that kills three processes is put off as one that fails;
 *     a process that stops hands its runs over at once.
 *
 * A holder that was frozen may think for a moment that it still runs: what a job does must be safe
 * to do twice, as with every lease.
 *
 * Which one to choose: what has to happen within seconds, or as soon as something is due (time-outs,
 * dirty rows, queues), is a periodic: it runs in every process, costs no row, and remembers nothing.
 * What is to happen once for all processes, every minute or more seldom or at an hour of the day,
 * and what an operator wants to see the last run of, is a job of cron.
 *
 * Operators: GET /cron of the admin port, `tools/stack cron`, and the metrics
 * souk_cron_runs_total{job,outcome} (ok, failed, handed_over; died, as the successor sees it; lost,
 * as a holder does that was replaced) and souk_cron_last_success_timestamp_seconds{job}, the same
 * from each process. An UPDATE of cron_job's
 * next_at runs a job now (UTC_TIMESTAMP(6)), or not before a later time. The row of a job that is
 * gone stays until somebody deletes it.
 *
 * Each run is the root of a trace.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/status.h"
#include "base/str.h"
#include "patterns/cron_schedule.h"

struct cron;
struct db;

enum { CRON_LOOK_MS = 1000, CRON_JOBS_MAX = 32, CRON_NAME_MAX = 64 };

struct cron_job {
    const char *name; /* in the row: never reuse one for something else */
    struct cron_schedule schedule;
    int64_t limit_ms; /* deadline of one run */
    /*
     * `slot_us`: the time that this run is for, of the database's clock. Runs as a task of its own,
     * and is cancelled at the process's end.
     */
    struct status (*run)(void *arg, int64_t slot_us);
};

struct cron_table {
    const struct cron_job *jobs; /* kept */
    size_t count;
    void *arg; /* of each run */
};

/* `owner` tells this process from all others; kept. At most CRON_JOBS_MAX jobs in all. */
MUST_USE struct cron *cron_start(struct db *db, const char *owner, const struct cron_table *tables,
                                 size_t table_count);
SUSPENDS void cron_stop(struct cron *cron); /* NULL is fine */

/* The jobs as they were at the last look, as JSON; NULL has none. */
void cron_show(const struct cron *cron, struct str *to);
