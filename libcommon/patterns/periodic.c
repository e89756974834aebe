#include "patterns/periodic.h"

#include "base/backoff.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "observe/span.h"
#include "run/task.h"

enum { FAILED_FIRST_US = 100 * 1000, FAILED_MOST_US = 10 * 1000 * 1000 };

struct periodic {
    struct periodic_config config;
    struct task *task;
    struct backoff failed;
    bool pausing;
    bool nudged;
    struct metric_family *runs;
};

static struct status run_once(struct periodic *periodic, bool *ret_more)
{
    AUTO(task_deadline_end)
    struct task_deadline limit = task_deadline_in_us(periodic->config.limit_ms * CLOCK_US_PER_MS);
    AUTO(span_end) struct span span;

    trace_enter(trace_current(), NULL);
    span_enter(&span, trace_current(), SPAN_INTERNAL, periodic->config.name);
    *ret_more = false;
    const struct status st = periodic->config.run(periodic->config.arg, ret_more);
    span_status(&span, &st);
    return st;
}

static void take_pause(struct periodic *periodic, int64_t us)
{
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(us);

    periodic->pausing = true;
    if (!periodic->nudged)
        status_ignore(task_park("next run"), "nudged or not, it runs");
    periodic->pausing = false;
    periodic->nudged = false;
}

/* Those that began together fall out of step, or each second all want a connection at once. */
static int64_t pause_us(const struct periodic *periodic)
{
    const int64_t period_us = periodic->config.period_ms * CLOCK_US_PER_MS;
    const uint64_t spread_us = (uint64_t)period_us / 2;

    return period_us - (int64_t)(spread_us / 2) + (int64_t)(random_u64() % (spread_us + 1));
}

static void run(void *arg)
{
    struct periodic *periodic = arg;
    bool more;

    while (task_check().code != CODE_CANCELLED) {
        const struct status st = run_once(periodic, &more);
        metric_add(
            metric_series(periodic->runs, periodic->config.name, status_ok(&st) ? "ok" : "failed"),
            1);
        if (status_ok(&st)) {
            backoff_reset(&periodic->failed);
            if (!more)
                take_pause(periodic, pause_us(periodic));
        } else if (task_check().code != CODE_CANCELLED) { /* a peer's CANCELLED is a failure */
            log_warn("periodic run failed", LOG_STR("name", periodic->config.name), LOG_STATUS(st));
            take_pause(periodic, backoff_next_us(&periodic->failed, random_u64()));
        }
    }
}

struct periodic *periodic_start(const struct periodic_config *config)
{
    struct periodic *periodic = mem_new(struct periodic);

    periodic->config = *config;
    periodic->failed = backoff_between(FAILED_FIRST_US, FAILED_MOST_US);
    periodic->runs = metric_family(METRIC_COUNTER, "souk_periodic_runs_total", "name,outcome",
                                   "Runs of sweeps and scans");
    periodic->task = task_spawn(config->name, run, periodic);
    BUG_ON(!periodic->task);
    return periodic;
}

void periodic_stop(struct periodic *periodic)
{
    if (!periodic)
        return;
    task_stop(periodic->task);
    mem_free(periodic);
}

void periodic_nudge(struct periodic *periodic)
{
    periodic->nudged = true;
    if (periodic->pausing)
        task_wake(periodic->task);
}
