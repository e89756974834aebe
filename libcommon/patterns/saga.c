#include "patterns/saga.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/mem.h"
#include "base/random.h"
#include "io/db.h"
#include "io/db_retry.h"
#include "io/pb.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "observe/span.h"
#include "patterns/saga_ends.h"
#include "patterns/saga_run.h"
#include "patterns/saga_watch.h"
#include "run/task.h"

enum {
    RUN_ARENA_MAX = 16 * 1024 * 1024,
    CLAIM_MAX = 50,
    CLAIM_ARENA_MAX = 64 * 1024 * 1024,
    POLL_US = 1000 * 1000, /* on average */
    CALL_LIMIT_US = 3 * 1000 * 1000,
};

struct saga_runner {
    struct saga_runner_config config;
    struct saga_run *runs;
    size_t run_count;
    struct task *poller;
    struct task *renewer;
    struct saga_watch *watch;
    struct saga_ends *ends;
    bool polling; /* asleep between polls */
    bool nudged;
    bool stopping;
    struct wait_queue all_ended;
    struct metric_family *ended;
    struct metric *running;
};

static void release(struct saga_run *run)
{
    if (--run->references)
        return;
    arena_free(run->saga.arena);
    mem_free(run);
}

/* Within the trace of whoever started the saga, also after others have taken it up. */
static void begin_span(const struct saga_run *run, struct span *span)
{
    if (run->traceparent) {
        trace_enter(trace_current(), run->traceparent);
        span_enter(span, trace_current(), SPAN_INTERNAL, run->kind->name);
    } else {
        span_begin(span, SPAN_INTERNAL, run->kind->name);
    }
    span_number(span, "souk.saga.id", run->saga.id);
}

static void run_task(void *arg)
{
    struct saga_run *run = arg;
    struct saga_runner *runner = run->runner;
    AUTO(span_end) struct span span;

    begin_span(run, &span);

    run->task = task_self();
    if (runner->stopping)
        task_cancel(run->task);
    saga_run_to_end(run);
    metric_add(metric_series(runner->ended, run->kind->name,
                             status_ok(&run->outcome) ? "done" : code_name(run->outcome.code)),
               1);
    span_status(&span, &run->outcome);
    span_end(&span); /* its texts go with the run */
    *run->link = run->next;
    if (run->next)
        run->next->link = run->link;
    runner->run_count--;
    metric_set(runner->running, (double)runner->run_count);
    if (!runner->run_count)
        wait_queue_wake_all(&runner->all_ended);
    release(run);
}

/* Nobody can run it as it is; people have to look. */
static void report_unreadable(const struct saga_run *run)
{
    static const char trouble[] = "its state is no message of its kind";

    log_error("the state of a saga is no message of its kind", LOG_I64("saga", run->saga.id),
              LOG_STR("kind", run->kind->name));
    status_ignore(saga_store_note_trouble(run->db, run->saga.id, trouble), "the log has it too");
}

/*
 * NULL: it does not run here. Its lease runs out, because only what runs is renewed, and it is
 * resumed.
 */
static struct saga_run *launch(struct saga_runner *runner, const struct saga_kind *kind,
                               const struct saga_row *row, bool resumed)
{
    struct saga_run *run = mem_new(struct saga_run);

    run->saga.id = row->id;
    run->saga.app = runner->config.app;
    run->saga.arena = arena_new(RUN_ARENA_MAX);
    run->saga.run = run;
    run->saga.state = pb_unpack(kind->state, row->state, row->state_size, run->saga.arena);
    run->kind = kind;
    run->db = runner->config.db;
    run->owner = runner->config.owner;
    run->lease_ms = runner->config.lease_ms;
    run->phase = row->phase;
    run->left_us = row->left_us;
    run->outcome = row->outcome;
    if (row->outcome.reason)
        run->outcome.reason = arena_strdup(run->saga.arena, row->outcome.reason);
    run->resumed = resumed;
    if (row->traceparent)
        run->traceparent = arena_strdup(run->saga.arena, row->traceparent);
    run->runner = runner;
    run->references = 1;
    if (!run->saga.state)
        report_unreadable(run);
    if (!run->saga.state || !task_go(kind->name, run_task, run)) {
        release(run);
        return NULL;
    }
    run->link = &runner->runs;
    run->next = runner->runs;
    if (run->next)
        run->next->link = &run->next;
    runner->runs = run;
    runner->run_count++;
    metric_set(runner->running, (double)runner->run_count);
    return run;
}

const struct saga_runner_config *saga_runner_config_of(const struct saga_runner *runner)
{
    return &runner->config;
}

const struct saga_kind *saga_runner_kind(const struct saga_runner *runner, const char *name)
{
    for (size_t i = 0; i < runner->config.kind_count; i++)
        if (strcmp(runner->config.kinds[i]->name, name) == 0)
            return runner->config.kinds[i];
    return NULL;
}

static struct saga_run *find_run(const struct saga_runner *runner, int64_t id)
{
    for (struct saga_run *run = runner->runs; run; run = run->next)
        if (run->saga.id == id)
            return run;
    return NULL;
}

void saga_runner_drop(struct saga_runner *runner, int64_t id)
{
    struct saga_run *run = find_run(runner, id);

    if (run && run->task)
        task_cancel(run->task);
}

bool saga_runner_note_end(struct saga_runner *runner, int64_t id)
{
    return saga_ends_add(runner->ends, id);
}

static void resume(struct saga_runner *runner, const struct saga_row *row)
{
    const struct saga_kind *kind = saga_runner_kind(runner, row->kind);
    struct saga_run *run = find_run(runner, row->id);

    BUG_ON(!kind);           /* others are not claimed */
    if (run) {               /* our own lease ran out while we were slow; it goes on */
        run->resumed = true; /* another process may have had it meanwhile */
        return;
    }
    log_info("saga resumed", LOG_I64("saga", row->id), LOG_STR("kind", row->kind),
             LOG_I64("phase", row->phase));
    launch(runner, kind, row, true);
}

static struct status claim_and_resume(struct saga_runner *runner, size_t *ret_count)
{
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(CALL_LIMIT_US);
    AUTO(arena_freep) struct arena *arena = arena_new(CLAIM_ARENA_MAX);
    struct saga_claim claim = {
        .owner = runner->config.owner,
        .lease_ms = runner->config.lease_ms,
        .kind_count = runner->config.kind_count,
        .most = CLAIM_MAX,
    };
    struct saga_row *rows;

    *ret_count = 0;
    if (!claim.kind_count || runner->run_count + CLAIM_MAX > SAGAS_MAX)
        return STATUS_OK;
    for (size_t i = 0; i < claim.kind_count; i++)
        claim.kinds[i] = runner->config.kinds[i]->name;
    TRY(saga_store_claim(runner->config.db, &claim, arena, &rows, ret_count));
    for (size_t i = 0; i < *ret_count; i++)
        resume(runner, &rows[i]);
    return STATUS_OK;
}

/* Not in step with other processes, or the same one would always come first. */
static void wait_for_poll(struct saga_runner *runner)
{
    const int64_t pause_us = POLL_US / 2 + (int64_t)(random_u64() % POLL_US);
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(pause_us);

    runner->polling = true;
    if (!runner->nudged)
        status_ignore(task_park("sagas to resume"), "woken or not, it looks");
    runner->polling = false;
    runner->nudged = false;
}

static void poll_task(void *arg)
{
    struct saga_runner *runner = arg;
    size_t count;

    while (!runner->stopping) {
        const struct status st = claim_and_resume(runner, &count);
        if (!status_ok(&st) && st.code != CODE_CANCELLED)
            log_warn("sagas not looked for", LOG_STATUS(st));
        if (count < CLAIM_MAX && !runner->stopping)
            wait_for_poll(runner);
    }
}

/* In the order of ids, as all that lock several rows. */
static int64_t *ids_of_runs(const struct saga_runner *runner, struct arena *arena)
{
    int64_t *ids = arena_array_of(arena, int64_t, runner->run_count);
    size_t count = 0;

    for (const struct saga_run *run = runner->runs; run; run = run->next)
        ids[count++] = run->saga.id;
    qsort(ids, count, sizeof *ids, id_order);
    return ids;
}

/* Somebody took them over, or an operator gave them up at another process. */
static void drop(struct saga_runner *runner, const int64_t *lost, size_t count)
{
    for (size_t i = 0; i < count; i++)
        saga_runner_drop(runner, lost[i]);
}

static struct status renew(struct saga_runner *runner)
{
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(CALL_LIMIT_US);
    AUTO(arena_freep) struct arena *arena = arena_new(CLAIM_ARENA_MAX);
    const size_t count = runner->run_count;
    const int64_t *ids = ids_of_runs(runner, arena);
    int64_t *lost;
    size_t lost_count;

    for (size_t i = 0; i < count; i += DB_SET_MAX) {
        TRY(saga_store_renew(runner->config.db, runner->config.owner, runner->config.lease_ms,
                             ids + i, count - i < DB_SET_MAX ? count - i : DB_SET_MAX, arena, &lost,
                             &lost_count));
        drop(runner, lost, lost_count);
    }
    return STATUS_OK;
}

static void renew_task(void *arg)
{
    struct saga_runner *runner = arg;
    const int64_t period_us = runner->config.lease_ms * CLOCK_US_PER_MS / 3;

    while (task_sleep_us(period_us).code == CODE_OK) {
        if (!runner->run_count)
            continue;
        const struct status st = renew(runner);
        if (!status_ok(&st))
            log_warn("saga leases not renewed", LOG_STATUS(st));
    }
}

struct saga_runner *saga_runner_start(const struct saga_runner_config *config)
{
    struct saga_runner *runner = mem_new(struct saga_runner);

    BUG_ON(config->kind_count > SAGA_STORE_KINDS_MAX);
    runner->config = *config;
    runner->ended = metric_family(METRIC_COUNTER, "souk_saga_ended_total", "kind,outcome",
                                  "Sagas that came to their end");
    runner->running = metric_series(
        metric_family(METRIC_GAUGE, "souk_saga_running", "", "Sagas on their way here"));
    runner->ends = saga_ends_start(config->db, config->owner);
    runner->poller = task_spawn("saga poller", poll_task, runner);
    runner->renewer = task_spawn("saga leases", renew_task, runner);
    BUG_ON(!runner->poller || !runner->renewer);
    runner->watch = saga_watch_start(&runner->config);
    return runner;
}

static void cancel_runs(struct saga_runner *runner)
{
    for (struct saga_run *run = runner->runs; run; run = run->next)
        task_cancel(run->task);
}

void saga_runner_stop(struct saga_runner *runner)
{
    enum { END_LIMIT_US = 60 * 1000 * 1000 };

    if (!runner)
        return;
    AUTO(task_shield_end) struct task_shield shield = task_shield_in_us(END_LIMIT_US);
    runner->stopping = true;
    saga_watch_stop(runner->watch);
    task_stop(runner->poller);
    task_stop(runner->renewer);
    cancel_runs(runner);
    while (runner->run_count) {
        const struct status st = wait_queue_wait(&runner->all_ended, "sagas to leave");
        BUG_ON(!status_ok(&st));
    }
    saga_ends_stop(runner->ends);
    status_ignore(saga_store_give_back(runner->config.db, runner->config.owner),
                  "the leases run out by themselves");
    mem_free(runner);
}

struct status saga_insert(struct saga_runner *runner, struct db_tx *tx,
                          const struct saga_kind *kind, int64_t id, const ProtobufCMessage *state,
                          const struct request *answers)
{
    AUTO(arena_freep) struct arena *arena = arena_new(RUN_ARENA_MAX);
    const enum saga_phase phase = kind->pivot == SAGA_FORWARD_ONLY ? SAGA_PAST_PIVOT : SAGA_FORWARD;
    const bool run_here = kind->pivot != SAGA_FORWARD_ONLY && !kind->background;

    if (run_here && runner->run_count >= SAGAS_MAX)
        return status_error(CODE_RESOURCE_EXHAUSTED, "OVERLOADED", "%zu sagas run here",
                            runner->run_count);
    return saga_store_insert(tx, kind->name, id, phase, pb_pack(state, arena), kind->deadline_ms,
                             run_here ? runner->config.owner : "",
                             run_here ? runner->config.lease_ms : 0, answers);
}

static void copy_details(const struct error_details *from, struct arena *arena,
                         struct error_details *ret)
{
    *ret = (struct error_details){.retry_after_ms = from->retry_after_ms};
    for (size_t i = 0; i < from->metadata_count; i++)
        error_details_add(ret, arena, arena_strdup(arena, from->metadata[i].key), "%s",
                          from->metadata[i].value);
    for (size_t i = 0; i < from->violation_count; i++)
        error_details_field(ret, arena, from->violations[i].field, from->violations[i].description);
}

struct status saga_run_and_wait(struct saga_runner *runner, const struct saga_kind *kind,
                                int64_t id, const ProtobufCMessage *state, struct arena *arena,
                                struct pb_bytes *ret_answer, struct error_details *ret_details)
{
    const struct pb_bytes bytes = pb_pack(state, arena);
    const struct saga_row row = {
        .id = id,
        .phase = SAGA_FORWARD,
        .state = bytes.at,
        .state_size = bytes.size,
        .left_us = kind->deadline_ms * CLOCK_US_PER_MS,
    };
    struct saga_run *run = launch(runner, kind, &row, false);
    struct status st = STATUS_OK;

    *ret_answer = (struct pb_bytes){0};
    if (!run)
        return status_error(CODE_RESOURCE_EXHAUSTED, "OVERLOADED", "no task for the saga");
    run->references++;
    while (!run->decided && status_ok(&st))
        st = wait_queue_wait(&run->waiting, "saga");
    if (run->decided) {
        st = db_retry_given_up(run->outcome); /* or its caller would begin another saga */
        if (st.reason)                        /* an operator's is in the saga's arena */
            st.reason = arena_strdup(arena, st.reason);
        copy_details(&run->saga.details, arena, ret_details);
        if (run->saga.answer.size)
            *ret_answer =
                (struct pb_bytes){arena_dup(arena, run->saga.answer.at, run->saga.answer.size),
                                  run->saga.answer.size};
    }
    release(run);
    return st;
}

void saga_nudge(struct saga_runner *runner)
{
    runner->nudged = true;
    if (runner->polling)
        task_wake(runner->poller);
}

struct status saga_pass_pivot(struct saga *saga, struct db_tx *tx)
{
    return saga_store_pass_pivot(tx, saga->id, saga->run->owner, pb_pack(saga->state, saga->arena));
}

const char *saga_step_id(const struct saga *saga)
{
    return arena_printf(saga->arena, "%lld/%s", (long long)saga->id,
                        saga->run->kind->steps[saga->run->step].name);
}
