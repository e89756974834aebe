#pragma once

/*
 * saga: a chain of steps over several services that ends with all of them done, or with none.
 *
 * Orchestrated: the row says how far it is, saved at the start, at the pivot and at the end. Before
 * the pivot a refusal (or the saga's deadline) undoes what was done; from the pivot on it only goes
 * forward, however long that takes. Each step is idempotent under "<saga id>/<step>", so a saga
 * that is resumed runs its steps again from the start, or from behind the pivot. Every undo accepts
 * that the step never happened, and its service then refuses the step should it still come.
 *
 * A saga is a task of its own with a deadline of its own; whoever started it may wait for it, and
 * may go away. A row belongs to one process by lease; when that process dies another one resumes
 * it. Who has lost its row hears so when it renews, and leaves the step that is under way. One that
 * does not get on is told of (saga_watch.h), and operators may look at it, hurry it or give it up
 * (souk/ops/v1/sagas.proto, which every service that has sagas serves).
 *
 * Source: Garcia-Molina, Salem: Sagas (1987); DESIGN 4; 002 chapter 5.6. Table: saga.
 */

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "io/error_details.h"
#include "io/pb.h"

struct db;
struct db_tx;
struct request;
struct saga_runner;

/* What a step sees. Valid while the saga runs. */
struct saga {
    int64_t id;
    void *app;               /* of the runner */
    ProtobufCMessage *state; /* of kind->state; steps may change it, pointing into the arena */
    struct arena *arena; /* loses what a try that failed has put there: state must not know it */
    struct error_details details; /* of a refusal, for whoever waits */
    bool partial; /* set by a step that did, or may have done, something though it was refused */
    struct pb_bytes answer; /* made by the pivot for whoever waits, in the arena; empty: none */
    /* Private to the engine. */
    struct saga_run *run;
};

/*
 * Runs under a deadline of its own (SAGA_STEP_LIMIT_MS). OK: done. status_may_retry: tried again
 * under the same step id. Anything else ends the way forward; unless every try of it was refused
 * (status_is_refusal) the step itself is undone too.
 */
typedef struct status (*saga_action)(struct saga *saga);

struct saga_step {
    const char *name;
    saga_action act;
    saga_action undo; /* NULL: nothing to undo */
};

struct saga_kind {
    const char *name; /* kept in the row: never reuse one for something else */
    const ProtobufCMessageDescriptor *state;
    const struct saga_step *steps;
    size_t step_count;
    /*
     * The step that decides: its transaction calls saga_pass_pivot. SAGA_FORWARD_ONLY: it was
     * decided before the saga began.
     */
    int pivot;
    int64_t deadline_ms; /* until the pivot */
    /*
     * Nobody waits for it: any process runs it after saga_nudge, and what may pass is tried again
     * until the deadline, not just SAGA_STEP_TRIES times.
     */
    bool background;
    /*
     * Of a saga that was undone: writes what belongs to its end into the end's transaction. Where an
     * operator gave the saga up, it is called from outside of its task. May be NULL.
     */
    struct status (*undone)(struct saga *saga, struct db_tx *tx, const struct status *why);
};

enum {
    SAGA_FORWARD_ONLY = -1,
    SAGA_STEP_LIMIT_MS = 5 * 1000,
    SAGA_STEP_TRIES = 4, /* before the pivot, where somebody waits */
    SAGAS_MAX = 4000,    /* at once in a process */
};

struct saga_runner_config {
    struct db *db;
    const char *owner; /* tells this process, and this start of it, from all others; kept */
    int64_t lease_ms;  /* a process that is silent for so long has lost its sagas */
    const struct saga_kind *const *kinds;
    size_t kind_count;
    void *app;
};

MUST_USE struct saga_runner *saga_runner_start(const struct saga_runner_config *config);
/* Cancels what runs; it is resumed here or elsewhere. NULL is fine. */
SUSPENDS void saga_runner_stop(struct saga_runner *runner);

/*
 * Writes the row of a new saga into the caller's transaction. After the commit call saga_nudge for
 * one in the background or without a way back, saga_run_and_wait for any other; if the process dies
 * before, the saga is resumed all the same. RESOURCE_EXHAUSTED OVERLOADED when SAGAS_MAX run here.
 *
 * `answers` is the request that has no answer until the saga's pivot (idempotency.h), or NULL. Its
 * name is in the row: should the state be unreadable one day, an operator who gives the saga up
 * still sets the request free.
 */
MUST_USE SUSPENDS struct status saga_insert(struct saga_runner *runner, struct db_tx *tx,
                                            const struct saga_kind *kind, int64_t id,
                                            const ProtobufCMessage *state,
                                            const struct request *answers);

/*
 * Runs a saga that this process just inserted and waits until it is decided: OK when the pivot is
 * passed (the steps behind it go on), or why it was undone, with details in `arena`. Contention
 * that a step gave up is DEPENDENCY_CONTENTION (io/db_retry.h): its tries are over. `*ret_answer`
 * is what the pivot left for it, in `arena`; empty too where the pivot's commit was not heard of.
 * DEADLINE_EXCEEDED or CANCELLED of the caller leave it running.
 */
MUST_USE SUSPENDS struct status saga_run_and_wait(struct saga_runner *runner,
                                                  const struct saga_kind *kind, int64_t id,
                                                  const ProtobufCMessage *state,
                                                  struct arena *arena, struct pb_bytes *ret_answer,
                                                  struct error_details *ret_details);

/* Sagas were inserted for anybody to run: look now instead of at the next poll. */
void saga_nudge(struct saga_runner *runner);

/*
 * For the pivot step, in its transaction: from its commit on the saga only goes forward. ABORTED
 * SAGA_LOST when another process has taken the saga over.
 */
MUST_USE SUSPENDS struct status saga_pass_pivot(struct saga *saga, struct db_tx *tx);

/* "<saga id>/<step>", the request id of the present step's calls. In the saga's arena. */
const char *saga_step_id(const struct saga *saga);
