#include "patterns/periodic.h"

#include "base/clock.h"
#include "observe/span.h"
#include "tests/unit/in_task.h"

enum { LONG_MS = 60 * 1000 };

/* The job: what it answers, and what it saw. */
static struct {
    int runs;
    int more_until; /* runs that leave work behind */
    struct status answer;
    int64_t sleep_us;
    enum code slept;
    void (*inside)(void);
} job;

static struct periodic *periodic;

static struct status do_job(void *arg, bool *ret_more)
{
    expect_true(arg == &job);
    job.runs++;
    *ret_more = job.runs < job.more_until;
    if (job.inside)
        job.inside();
    if (job.sleep_us) {
        const struct status st = task_sleep_us(job.sleep_us);
        job.slept = st.code;
        return st;
    }
    return job.answer;
}

static void start(int64_t period_ms, int64_t limit_ms)
{
    memset(&job, 0, sizeof job);
    periodic = periodic_start(&(struct periodic_config){
        .name = "job", .period_ms = period_ms, .limit_ms = limit_ms, .run = do_job, .arg = &job});
}

static void stop(void)
{
    periodic_stop(periodic);
    expect_int_equal(task_count(), 1);
}

static void wait_for_runs(int wanted)
{
    const int64_t until_us = clock_mono_us() + 60 * CLOCK_US_PER_S;

    while (job.runs < wanted && clock_mono_us() < until_us)
        expect_ok(task_sleep_us(200));
    expect_true(job.runs >= wanted);
}

static void body_repeats(void)
{
    start(1, LONG_MS);
    wait_for_runs(3);
    stop();
    const int runs = job.runs;
    expect_ok(task_sleep_us(5000));
    expect_int_equal(job.runs, runs);
    periodic_stop(NULL);
}

static void it_runs_again_and_again_until_it_is_stopped(void **state)
{
    in_task(body_repeats);
}

static void body_has_more(void)
{
    start(LONG_MS, LONG_MS);
    job.more_until = 5;
    wait_for_runs(5);
    expect_ok(task_sleep_us(3000));
    expect_int_equal(job.runs, 5);
    stop();
}

static void while_there_is_more_to_do_there_is_no_pause(void **state)
{
    in_task(body_has_more);
}

static void body_nudges(void)
{
    start(LONG_MS, LONG_MS);
    wait_for_runs(1);
    periodic_nudge(periodic);
    wait_for_runs(2);
    expect_ok(task_sleep_us(3000));
    expect_int_equal(job.runs, 2);
    stop();
}

static void a_nudge_ends_the_pause(void **state)
{
    in_task(body_nudges);
}

static void nudge_once(void)
{
    if (job.runs == 1)
        periodic_nudge(periodic);
}

static void body_nudges_inside(void)
{
    start(LONG_MS, LONG_MS);
    job.inside = nudge_once;
    wait_for_runs(2);
    expect_ok(task_sleep_us(3000));
    expect_int_equal(job.runs, 2);
    stop();
}

static void a_nudge_while_it_runs_is_not_lost(void **state)
{
    in_task(body_nudges_inside);
}

static void body_fails(void)
{
    start(LONG_MS, LONG_MS);
    job.answer = status_error(CODE_UNAVAILABLE, "DEPENDENCY_UNAVAILABLE", "down");
    wait_for_runs(2); /* sooner than its period: after 50 to 100 ms */
    expect_ok(task_sleep_us(20000));
    expect_true(job.runs <= 3);
    stop();
}

static void a_failure_is_tried_again_after_a_pause(void **state)
{
    in_task(body_fails);
}

/* A peer's CANCELLED is a failure like others, as long as nobody cancelled us. */
static void body_gets_cancelled_as_an_answer(void)
{
    start(LONG_MS, LONG_MS);
    job.answer = status_error(CODE_CANCELLED, "CANCELLED", "the peer went away");
    wait_for_runs(1);
    expect_ok(task_sleep_us(20000));
    expect_true(job.runs <= 2);
    stop();
}

static void a_cancelled_answer_does_not_make_it_race(void **state)
{
    in_task(body_gets_cancelled_as_an_answer);
}

static void body_takes_too_long(void)
{
    start(LONG_MS, 2);
    job.sleep_us = 10 * CLOCK_US_PER_S;
    wait_for_runs(1);
    for (int i = 0; i < 1000 && !job.slept; i++)
        expect_ok(task_sleep_us(200));
    expect_int_equal(job.slept, CODE_DEADLINE_EXCEEDED);
    stop();
}

static void a_run_ends_at_its_limit(void **state)
{
    in_task(body_takes_too_long);
}

static void body_stops_under_way(void)
{
    start(LONG_MS, LONG_MS);
    job.sleep_us = 10 * CLOCK_US_PER_S;
    wait_for_runs(1);
    stop();
    expect_int_equal(job.slept, CODE_CANCELLED);
}

static void a_stop_cancels_a_run_under_way(void **state)
{
    in_task(body_stops_under_way);
}

static struct span spans[2];
static size_t span_count;

static void keep_span(void *arg, const struct span *span)
{
    if (span_count == ARRAY_LEN(spans))
        return;
    spans[span_count] = *span;
    memcpy(arg, span->context->trace_id, 16);
    span_count++;
}

static void body_is_traced(void)
{
    static uint8_t trace_id[16];
    uint8_t first_id[16];

    trace_sample_roots(10000);
    span_to(keep_span, trace_id);
    start(1, LONG_MS);
    job.answer = status_error(CODE_UNAVAILABLE, "DEPENDENCY_UNAVAILABLE", "down");
    expect_soon(span_count == 1);
    memcpy(first_id, trace_id, sizeof first_id);
    expect_soon(span_count == 2);
    stop();
    span_to(NULL, NULL);
    trace_sample_roots(0);
    for (size_t i = 0; i < ARRAY_LEN(spans); i++) {
        static const uint8_t none[8];
        expect_string_equal(spans[i].name, "job");
        expect_int_equal(spans[i].kind, SPAN_INTERNAL);
        expect_int_equal(spans[i].status.code, CODE_UNAVAILABLE);
        expect_true(memcmp(spans[i].parent_id, none, sizeof none) == 0);
    }
    expect_true(memcmp(first_id, trace_id, sizeof first_id) != 0);
}

static void each_run_is_the_root_of_a_trace(void **state)
{
    in_task(body_is_traced);
}

UNIT_TESTS(it_runs_again_and_again_until_it_is_stopped, while_there_is_more_to_do_there_is_no_pause,
           a_nudge_ends_the_pause, a_nudge_while_it_runs_is_not_lost,
           a_failure_is_tried_again_after_a_pause, a_cancelled_answer_does_not_make_it_race,
           a_run_ends_at_its_limit, a_stop_cancels_a_run_under_way, each_run_is_the_root_of_a_trace)
