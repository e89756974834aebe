#pragma once

/*
 * periodic: a task that does something again and again: sweeps, scans of dirty rows. Each process
 * that has the role runs it, so what it does must be safe side by side (compare-and-set, row
 * locks). What one process is to do for all, every minute or more seldom, or at an hour of the day,
 * is a job of cron (cron.h says which one to choose).
 *
 * Each run is the root of a trace.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/status.h"

struct periodic;

struct periodic_config {
    const char *name;
    int64_t period_ms; /* pause after a run that found all done, give or take a quarter */
    int64_t limit_ms;  /* deadline of one run */
    /*
     * `*ret_more`: there is more work, run again at once. A failure is logged and tried again
     * later.
     */
    struct status (*run)(void *arg, bool *ret_more);
    void *arg;
};

/* `config` is copied; its name is kept. */
MUST_USE struct periodic *periodic_start(const struct periodic_config *config);
SUSPENDS void periodic_stop(struct periodic *periodic); /* NULL is fine */

/* There is work: run now instead of after the pause. */
void periodic_nudge(struct periodic *periodic);
