#pragma once

/*
 * cron_run: one run of a job, from its claim to its end in the row. Private to cron.
 */

#include "base/attributes.h"
#include "patterns/cron.h"

struct metric_family;

struct cron_run {
    struct db *db;
    const char *owner;
    const struct cron_job *job;
    void *arg;
    struct metric_family *runs; /* souk_cron_runs_total */
};

/* Claims the job, if it is due still, and runs it. It says itself how that went. */
SUSPENDS void cron_run_if_due(const struct cron_run *run);
