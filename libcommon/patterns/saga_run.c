#include "patterns/saga_run.h"

#include <limits.h>
#include <stdio.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/random.h"
#include "io/db.h"
#include "observe/log.h"
#include "observe/span.h"
#include "patterns/retry.h"
#include "run/task.h"

enum { PAUSE_FIRST_US = 100 * 1000, PAUSE_MOST_US = 10 * 1000 * 1000, INSIST_TRIES = 5 };

/* One try; `mark` is the arena before the first one, which a step may have filled in vain. */
static struct status call_action(struct saga_run *run, saga_action action, struct arena_mark mark)
{
    const struct saga_step *step = &run->kind->steps[run->step];
    AUTO(task_deadline_end)
    struct task_deadline limit = task_deadline_in_us(SAGA_STEP_LIMIT_MS * CLOCK_US_PER_MS);
    AUTO(span_end) struct span span;

    span_begin(&span, SPAN_INTERNAL, step->name);
    span_text(&span, "souk.saga.kind", run->kind->name);
    span_number(&span, "souk.saga.id", run->saga.id);
    span_text(&span, "souk.saga.doing", action == step->undo ? "undo" : "act");
    arena_rewind(run->saga.arena, mark);
    run->saga.details = (struct error_details){0};
    run->saga.partial = false;
    const struct status st = action(&run->saga);
    span_status(&span, &st);
    return st;
}

/* The process stops or another one has taken over: leave everything as it is. */
static bool must_leave(const struct status *st)
{
    if (status_is(st, "SAGA_LOST"))
        return true;
    const struct status own = task_check();
    return own.code == CODE_CANCELLED;
}

/* Kept with the row: an operator asks there why it does not get on. */
static void note_trouble(const struct saga_run *run, const char *doing, const struct status *st)
{
    AUTO(task_deadline_end)
    struct task_deadline limit = task_deadline_in_us(SAGA_STEP_LIMIT_MS * CLOCK_US_PER_MS);
    char text[SAGA_TROUBLE_MAX];

    snprintf(text, sizeof text, "%s %s: %s %s: %s", doing, run->kind->steps[run->step].name,
             code_name(st->code), st->reason ? st->reason : "", st->detail);
    status_ignore(saga_store_note_trouble(run->db, run->saga.id, text), "the log has it too");
}

/*
 * A try that nobody knows the outcome of may still arrive after one that was refused, so it leaves
 * traces.
 */
static struct status act(struct saga_run *run)
{
    const struct arena_mark mark = arena_mark(run->saga.arena);
    struct retry retry = retry_times(run->kind->background ? INT_MAX : SAGA_STEP_TRIES);
    struct status st;
    int tries = 0;

    do {
        run->saga.answer = (struct pb_bytes){0};
        st = call_action(run, run->kind->steps[run->step].act, mark);
        if (!status_ok(&st) && (run->saga.partial || !status_is_refusal(&st)))
            run->traces = true;
        if (!status_ok(&st) && ++tries == INSIST_TRIES)
            note_trouble(run, "act", &st);
    } while (!must_leave(&st) && retry_again(&retry, &st));
    return st;
}

/* Up to and with the pivot. */
static struct status go_forward(struct saga_run *run)
{
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(run->left_us);

    for (run->step = 0; run->step <= run->kind->pivot; run->step++) {
        run->traces = false;
        TRY(task_check());
        TRY(act(run));
    }
    run->phase = SAGA_PAST_PIVOT;
    return STATUS_OK;
}

/* A peer that is away for long would else fill the process with sagas that wait for it. */
static struct status postpone(const struct saga_run *run)
{
    AUTO(task_deadline_end)
    struct task_deadline limit = task_deadline_in_us(SAGA_STEP_LIMIT_MS * CLOCK_US_PER_MS);

    status_ignore(saga_store_postpone(run->db, run->saga.id, run->owner, run->lease_ms),
                  "its lease runs out by itself");
    return status_error(CODE_UNAVAILABLE, "SAGA_POSTPONED", "saga %lld goes on later",
                        (long long)run->saga.id);
}

/*
 * Runs until it is OK. What cannot be refused is still tried again, slowly, and shouted about: some
 * times here, then by whoever takes the saga up again.
 */
static struct status insist(struct saga_run *run, saga_action action, const char *what)
{
    const struct arena_mark mark = arena_mark(run->saga.arena);
    struct backoff pause = backoff_between(PAUSE_FIRST_US, PAUSE_MOST_US);

    for (int tries = 1;; tries++) {
        const struct status st = call_action(run, action, mark);
        if (status_ok(&st) || must_leave(&st))
            return st;
        log_at(status_may_retry(&st) ? LOG_WARN : LOG_ERROR, "saga step not done, trying again",
               LOG_I64("saga", run->saga.id), LOG_STR("kind", run->kind->name),
               LOG_STR("step", run->kind->steps[run->step].name), LOG_STR("doing", what),
               LOG_STATUS(st));
        if (tries == INSIST_TRIES) {
            note_trouble(run, what, &st);
            return postpone(run);
        }
        TRY(task_sleep_us(backoff_next_us(&pause, random_u64())));
    }
}

static struct status finish_forward(struct saga_run *run)
{
    for (run->step = run->kind->pivot + 1; run->step < (int)run->kind->step_count; run->step++)
        TRY(insist(run, run->kind->steps[run->step].act, "act"));
    return STATUS_OK;
}

static struct status undo_from(struct saga_run *run, int step)
{
    for (run->step = step; run->step >= 0; run->step--)
        if (run->kind->steps[run->step].undo)
            TRY(insist(run, run->kind->steps[run->step].undo, "undo"));
    return STATUS_OK;
}

/*
 * Of a saga that was resumed every step may have been done, though this time it did not come so
 * far.
 */
static int last_to_undo(const struct saga_run *run)
{
    const int last = run->kind->pivot - 1;

    if (run->resumed || run->step > last)
        return last;
    return run->traces ? run->step : run->step - 1;
}

static struct status write_undo(struct saga_run *run, const struct status *why)
{
    AUTO(task_deadline_end)
    struct task_deadline limit = task_deadline_in_us(SAGA_STEP_LIMIT_MS * CLOCK_US_PER_MS);

    return saga_store_undo(run->db, run->saga.id, run->owner, why, run->saga.arena, &run->phase,
                           &run->outcome);
}

static struct status decide_undo(struct saga_run *run, const struct status *why)
{
    struct backoff pause = backoff_between(PAUSE_FIRST_US, PAUSE_MOST_US);

    for (;;) {
        const struct status st = write_undo(run, why);
        if (status_ok(&st) || must_leave(&st))
            return st;
        TRY(task_sleep_us(backoff_next_us(&pause, random_u64())));
    }
}

static struct status write_end(struct saga_run *run)
{
    AUTO(task_deadline_end)
    struct task_deadline limit = task_deadline_in_us(SAGA_STEP_LIMIT_MS * CLOCK_US_PER_MS);
    AUTO(db_tx_end) struct db_tx tx = {0};
    const bool is_undone = run->phase == SAGA_UNDOING;

    TRY(db_tx_begin(&tx, run->db));
    TRY(saga_store_end(&tx, run->saga.id, run->owner, is_undone ? SAGA_UNDONE : SAGA_DONE));
    if (is_undone && run->kind->undone)
        TRY(run->kind->undone(&run->saga, &tx, &run->outcome));
    return db_tx_commit(&tx);
}

static struct status end(struct saga_run *run)
{
    struct backoff pause = backoff_between(PAUSE_FIRST_US, PAUSE_MOST_US);

    for (;;) {
        const struct status st = write_end(run);
        if (status_ok(&st) || must_leave(&st))
            return st;
        log_warn("saga end not written, trying again", LOG_I64("saga", run->saga.id),
                 LOG_STR("kind", run->kind->name), LOG_STATUS(st));
        TRY(task_sleep_us(backoff_next_us(&pause, random_u64())));
    }
}

static void decide(struct saga_run *run, struct status outcome)
{
    run->outcome = outcome;
    run->decided = true;
    wait_queue_wake_all(&run->waiting);
}

static struct status run_phases(struct saga_run *run)
{
    int undo_step = run->kind->pivot - 1; /* resumed while undoing: how far it was nobody knows */

    if (run->phase == SAGA_FORWARD) {
        const struct status st = go_forward(run);
        if (!status_ok(&st)) {
            if (task_check().code == CODE_CANCELLED)
                return st;
            /* SAGA_LOST too: the row says whether we lost it, or passed the pivot without hearing. */
            undo_step = last_to_undo(run);
            TRY(decide_undo(run, &st));
        }
    }
    if (run->phase == SAGA_PAST_PIVOT) {
        decide(run, STATUS_OK);
        TRY(finish_forward(run));
        if (saga_runner_note_end(run->runner, run->saga.id))
            return STATUS_OK;
    } else {
        const struct error_details details = run->saga.details;
        TRY(undo_from(run, undo_step));
        run->saga.details = details;
    }
    return end(run);
}

void saga_run_to_end(struct saga_run *run)
{
    const struct status st = run_phases(run);

    if (!status_ok(&st)) {
        log_info("saga left", LOG_I64("saga", run->saga.id), LOG_STR("kind", run->kind->name),
                 LOG_STATUS(st));
        if (!run->decided)
            decide(run, status_error(CODE_UNAVAILABLE, "DEPENDENCY_UNAVAILABLE",
                                     "it goes on elsewhere"));
    } else if (!run->decided) {
        log_info("saga undone", LOG_I64("saga", run->saga.id), LOG_STR("kind", run->kind->name),
                 LOG_STATUS(run->outcome));
        decide(run, run->outcome);
    }
}
