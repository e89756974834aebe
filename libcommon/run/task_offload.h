#pragma once

/*
 * task_offload: work that would hold up the loop (a slow hash, a library that blocks) runs on one of
 * a few threads while the task waits.
 *
 * The threads start with the first work and end with the loop. What runs there touches its state and
 * nothing else: no tasks, metrics, arena or database of ours; log lines are fine.
 */

#include "base/attributes.h"
#include "base/status.h"

enum { OFFLOAD_THREADS = 2, OFFLOAD_WAITING_MAX = 64 };

struct offload_work {
    const char *name;        /* what dumps say the task waits for; kept */
    void (*run)(void *arg);  /* on a thread */
    void (*drop)(void *arg); /* in the loop: frees `arg`, results included */
    void *arg;               /* heap */
};

/*
 * OK: it ran, `arg` with its results is the caller's again.
 *
 * Not OK: `arg` is gone. Threads cannot be interrupted, so what began goes on to its end and is
 * dropped then; what had not begun never runs. DEADLINE_EXCEEDED and CANCELLED come from the task;
 * RESOURCE_EXHAUSTED OVERLOADED: OFFLOAD_WAITING_MAX others wait.
 */
MUST_USE SUSPENDS struct status task_offload(const struct offload_work *work);
