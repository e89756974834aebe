#include "patterns/cron_run.h"

#include "base/clock.h"
#include "base/random.h"
#include "io/db.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "observe/span.h"
#include "patterns/cron_repo.h"
#include "patterns/retry.h"
#include "run/sync.h"
#include "run/task.h"

enum {
    CALL_LIMIT_US = 2 * 1000 * 1000,
    RENEW_US = 3 * 1000 * 1000,
    /* We stop believing this long before the database does. */
    MARGIN_US = 1000 * 1000,
    END_LIMIT_US = 5 * 1000 * 1000,
    END_TRIES = 10,
};

enum outcome { SUCCEEDED, FAILED, HANDED_OVER, LOST };

/* A run under way. */
struct course {
    const struct cron_run *run;
    uint64_t fence;
    int64_t slot_us;
    int64_t held_until_us; /* boot time */
    bool is_done;
    struct wait_queue done;
    struct status status;
};

static void count(const struct cron_run *run, const char *outcome)
{
    metric_add(metric_series(run->runs, run->job->name, outcome), 1);
}

static void report_death(const struct cron_run *run, enum cron_claim claimed, const char *process)
{
    count(run, "died");
    if (claimed == CRON_TAKEN_OVER)
        log_warn("cron run taken over from a process that died", LOG_STR("job", run->job->name),
                 LOG_STR("process", process));
    else
        log_error("cron job put off, processes die while they run it",
                  LOG_STR("job", run->job->name), LOG_STR("process", process));
}

static struct status claim(struct course *course, enum cron_claim *ret)
{
    const struct cron_run *run = course->run;
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(CALL_LIMIT_US);
    AUTO(db_tx_end) struct db_tx tx = {0};
    const int64_t asked_us = clock_boot_us();
    struct cron_row row;
    bool found;

    TRY(db_tx_begin(&tx, run->db));
    TRY(cron_repo_lock(&tx, run->job->name, &row, &found));
    if (!found)
        return STATUS_OK;
    const enum cron_claim claimed =
        cron_claim(&row.state, &run->job->schedule, run->owner, row.now_us, random_u64());
    if (claimed == CRON_NOT_DUE)
        return STATUS_OK;
    TRY(cron_repo_save(&tx, &row));
    TRY(db_tx_commit(&tx));
    course->fence = row.state.fence;
    course->slot_us = row.state.slot_us;
    course->held_until_us = asked_us + CRON_LEASE_US - MARGIN_US;
    if (claimed != CRON_CLAIMED)
        report_death(run, claimed, row.state.detail);
    *ret = claimed;
    return STATUS_OK;
}

static void do_job(void *arg)
{
    struct course *course = arg;
    const struct cron_job *job = course->run->job;
    AUTO(task_deadline_end)
    struct task_deadline limit = task_deadline_in_us(job->limit_ms * CLOCK_US_PER_MS);

    course->status = job->run(course->run->arg, course->slot_us);
    course->is_done = true;
    wait_queue_wake_all(&course->done);
}

/* `most_us`, but not beyond the time in which it is ours for certain. */
static struct task_deadline while_held(const struct course *course, int64_t most_us)
{
    const int64_t left_us = course->held_until_us - clock_boot_us();

    return task_deadline_in_us(left_us < most_us ? left_us : most_us);
}

static void wait_for_end(struct course *course)
{
    AUTO(task_deadline_end) struct task_deadline limit = while_held(course, RENEW_US);

    if (!course->is_done)
        status_ignore(wait_queue_wait(&course->done, "cron run"), "whoever called looks");
}

static struct status renew(struct course *course, bool *ret_held)
{
    AUTO(task_deadline_end) struct task_deadline limit = while_held(course, CALL_LIMIT_US);

    return cron_repo_renew(course->run->db, course->run->job->name, course->fence, ret_held);
}

/* False: it is another's by now, or may be. A renewal that fails is believed in until it would be. */
static bool keep(struct course *course)
{
    const int64_t asked_us = clock_boot_us();
    bool held = false;
    const struct status st = renew(course, &held);

    if (status_ok(&st) && held)
        course->held_until_us = asked_us + CRON_LEASE_US - MARGIN_US;
    else if (!status_ok(&st) && st.code != CODE_CANCELLED)
        log_warn("cron lease not renewed", LOG_STR("job", course->run->job->name), LOG_STATUS(st));
    return status_ok(&st) ? held : clock_boot_us() < course->held_until_us;
}

/* Until it is done, or we may not or shall not go on: then it is cancelled. True: it is ours. */
static bool attend(struct course *course)
{
    bool held = true;
    struct task *task = task_spawn(course->run->job->name, do_job, course);

    if (!task) {
        course->status = status_error(CODE_RESOURCE_EXHAUSTED, "OVERLOADED", "no room for a task");
        return true;
    }
    while (held && !course->is_done && task_check().code != CODE_CANCELLED) {
        wait_for_end(course);
        if (!course->is_done)
            held = keep(course);
    }
    task_stop(task);
    return held;
}

static enum outcome outcome_of(const struct course *course, bool held)
{
    if (!held)
        return LOST;
    if (status_ok(&course->status))
        return SUCCEEDED;
    return task_check().code == CODE_CANCELLED ? HANDED_OVER : FAILED;
}

static void end_state(const struct course *course, enum outcome outcome, struct cron_row *row)
{
    const struct cron_schedule *schedule = &course->run->job->schedule;

    switch (outcome) {
    case SUCCEEDED: cron_succeed(&row->state, schedule, row->now_us); break;
    case FAILED:
        cron_fail(&row->state, schedule, &course->status, row->now_us, random_u64());
        break;
    case HANDED_OVER: cron_hand_over(&row->state, row->now_us); break;
    case LOST: break;
    }
}

/* Where it is another's by now nothing changes; nor where a commit without an answer was one. */
static struct status try_to_end(const struct course *course, enum outcome outcome, bool *ret_held)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct cron_row row;
    bool found;

    TRY(db_tx_begin(&tx, course->run->db));
    TRY(cron_repo_lock(&tx, course->run->job->name, &row, &found));
    *ret_held = found && row.state.fence == course->fence;
    if (!*ret_held || !*row.state.holder)
        return STATUS_OK;
    end_state(course, outcome, &row);
    TRY(cron_repo_save(&tx, &row));
    return db_tx_commit(&tx);
}

/* Neither a stop nor a deadline keeps it from saying how it went. False: it was lost. */
static bool end(const struct course *course, enum outcome outcome)
{
    AUTO(task_shield_end) struct task_shield shield = task_shield_in_us(END_LIMIT_US);
    struct retry retry = retry_times(END_TRIES);
    bool held = true;
    struct status st;

    do
        st = try_to_end(course, outcome, &held);
    while (retry_again(&retry, &st));
    if (!status_ok(&st))
        log_warn("end of a cron run not written, it is run again",
                 LOG_STR("job", course->run->job->name), LOG_STATUS(st));
    return held;
}

static void report(const struct course *course, enum outcome outcome)
{
    static const char *const words[] = {
        [SUCCEEDED] = "ok",
        [FAILED] = "failed",
        [HANDED_OVER] = "handed_over",
        [LOST] = "lost",
    };
    const char *job = course->run->job->name;

    count(course->run, words[outcome]);
    if (outcome == FAILED)
        log_at(status_may_retry(&course->status) ? LOG_WARN : LOG_ERROR, "cron run failed",
               LOG_STR("job", job), LOG_STATUS(course->status));
    if (outcome == HANDED_OVER)
        log_info("cron run handed over", LOG_STR("job", job));
    if (outcome == LOST)
        log_warn("cron run lost to another process", LOG_STR("job", job));
}

static void run_in_trace(struct course *course)
{
    AUTO(span_end) struct span span;

    trace_enter(trace_current(), NULL);
    span_enter(&span, trace_current(), SPAN_INTERNAL, course->run->job->name);
    enum outcome outcome = outcome_of(course, attend(course));
    if (outcome != LOST && !end(course, outcome))
        outcome = LOST;
    span_status(&span, &course->status);
    report(course, outcome);
}

void cron_run_if_due(const struct cron_run *run)
{
    struct course course = {.run = run};
    enum cron_claim claimed = CRON_NOT_DUE;
    const struct status st = claim(&course, &claimed);

    if (!status_ok(&st) && st.code != CODE_CANCELLED)
        log_warn("cron job not claimed", LOG_STR("job", run->job->name), LOG_STATUS(st));
    if (claimed == CRON_CLAIMED || claimed == CRON_TAKEN_OVER)
        run_in_trace(&course);
}
