#pragma once

/*
 * saga_run: one saga on its way, from a row to its end. Private to saga.
 */

#include "patterns/saga.h"
#include "patterns/saga_store.h"
#include "run/sync.h"

struct task;

struct saga_run {
    struct saga saga;
    const struct saga_kind *kind;
    struct db *db;
    const char *owner;
    int64_t lease_ms;
    enum saga_phase phase;
    int64_t left_us; /* until the deadline, when it started here */
    int step;        /* under way */
    bool resumed;    /* what an earlier process did nobody knows */
    bool traces;     /* the step may have left some, though it was refused in the end */
    struct task *task;
    const char *traceparent; /* as in saga_row */
    /* For whoever waits. */
    bool decided; /* past the pivot, undone, or lost: the outcome says which */
    struct status outcome;
    struct wait_queue waiting;
    unsigned references;
    struct saga_runner *runner;
    struct saga_run *next, **link; /* of the runner */
};

/*
 * Runs it to its end in the present task. Returns early when the task is cancelled, the saga
 * is lost, or a step that must be done cannot be for now.
 */
SUSPENDS void saga_run_to_end(struct saga_run *run);

/* saga.c: of the runner. */
const struct saga_runner_config *saga_runner_config_of(const struct saga_runner *runner);
/* NULL where it knows no such kind. */
const struct saga_kind *saga_runner_kind(const struct saga_runner *runner, const char *name);
/* It is done, which its row will say soon (saga_ends.h). False: it has to be written at once. */
MUST_USE bool saga_runner_note_end(struct saga_runner *runner, int64_t id);
/* The row is another's now: it leaves, if it runs here. */
void saga_runner_drop(struct saga_runner *runner, int64_t id);
