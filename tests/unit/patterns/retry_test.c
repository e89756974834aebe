#include "patterns/retry.h"

#include "base/clock.h"
#include "tests/unit/in_task.h"

static const struct status ok = {.code = CODE_OK};
static const struct status busy = {.code = CODE_UNAVAILABLE};
static const struct status refused = {.code = CODE_FAILED_PRECONDITION};

/* How many tries are made when each of them ends so. */
static int tries_of(struct retry retry, const struct status *st)
{
    int tries = 0;

    do
        tries++;
    while (retry_again(&retry, st));
    return tries;
}

static void body_counts_tries(void)
{
    expect_int_equal(tries_of(retry_times(3), &busy), 3);
    expect_int_equal(tries_of(retry_times(1), &busy), 1);
    expect_int_equal(tries_of(retry_times(9), &ok), 1);
    expect_int_equal(tries_of(retry_times(9), &refused), 1);
}

static void what_may_pass_is_tried_so_many_times_and_nothing_else_twice(void **state)
{
    in_task(body_counts_tries);
}

static void body_measures_pauses(void)
{
    const int64_t before_us = clock_mono_us();

    expect_int_equal(tries_of(retry_times(3), &busy), 3);
    const int64_t took_us = clock_mono_us() - before_us;
    expect_true(took_us >= 5000 + 10000);
    expect_true(took_us < 5 * CLOCK_US_PER_S);
}

static void there_is_a_pause_before_each_further_try(void **state)
{
    in_task(body_measures_pauses);
}

static void body_runs_out_of_time(void)
{
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(2000);

    expect_int_equal(tries_of(retry_times(100), &busy), 1); /* the first pause is 5 ms at least */
}

static void a_deadline_in_the_pause_ends_it(void **state)
{
    in_task(body_runs_out_of_time);
}

static int cancelled_tries;

static void tries_for_ever(void *arg)
{
    (void)arg;
    cancelled_tries = tries_of(retry_times(1000), &busy);
}

static void body_cancels(void)
{
    struct task *task = task_spawn("tries", tries_for_ever, NULL);

    expect_ok(task_yield());
    task_stop(task);
    expect_true(cancelled_tries < 3);
}

static void a_cancelled_task_tries_no_more(void **state)
{
    in_task(body_cancels);
}

UNIT_TESTS(what_may_pass_is_tried_so_many_times_and_nothing_else_twice,
           there_is_a_pause_before_each_further_try, a_deadline_in_the_pause_ends_it,
           a_cancelled_task_tries_no_more)
