#include "io/db_retry.h"

#include "base/clock.h"
#include "tests/unit/in_task.h"

static const struct status ok = {.code = CODE_OK};
static const struct status lost = {.code = CODE_ABORTED, .reason = "CONTENTION"};

/* How many tries are made when each of them takes so long and ends so. */
static int tries_of(const struct status *st, int64_t takes_us)
{
    struct db_retry retry = db_retry_start();
    int tries = 0;

    do {
        tries++;
        status_ignore(task_sleep_us(takes_us), "the deadline is what is tested");
    } while (db_retry_again(&retry, st));
    return tries;
}

static void body_counts_tries(void)
{
    expect_int_equal(tries_of(&lost, 0), DB_TRIES_MAX);
    expect_int_equal(tries_of(&ok, 0), 1);
}

static void what_lost_against_others_is_run_again_so_many_times(void **state)
{
    in_task(body_counts_tries);
}

static void body_has_much_time(void)
{
    enum { PAUSE_MAX_US = DB_TRY_PAUSE_MAX_MS * 1000 };
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(2 * PAUSE_MAX_US);

    expect_true(tries_of(&lost, 0) > 1);
    expect_true(task_time_left_us() < PAUSE_MAX_US); /* too little for one more */
}

static void as_long_as_the_deadline_allows_it_is_run_again(void **state)
{
    in_task(body_has_much_time);
}

static void body_fails_otherwise(void)
{
    static const struct status others[] = {
        {.code = CODE_UNAVAILABLE, .reason = "DEPENDENCY_UNAVAILABLE"}, /* of COMMIT too */
        {.code = CODE_DEADLINE_EXCEEDED, .reason = "DEADLINE_EXCEEDED"},
        {.code = CODE_CANCELLED},
        {.code = CODE_RESOURCE_EXHAUSTED, .reason = "OVERLOADED"},
        {.code = CODE_ALREADY_EXISTS, .reason = "DUPLICATE_KEY"},
        {.code = CODE_ABORTED, .reason = "REQUEST_IN_PROGRESS"},
        {.code = CODE_ABORTED, .reason = "DEPENDENCY_CONTENTION"},
        {.code = CODE_ABORTED},
    };

    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        expect_int_equal(tries_of(&others[i], 0), 1);
}

static void an_outcome_that_is_unknown_or_definite_is_never_tried_again(void **state)
{
    in_task(body_fails_otherwise);
}

static void body_has_little_time(void)
{
    enum { TAKES_US = 300 * 1000 };
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(2 * TAKES_US - 1);

    expect_int_equal(tries_of(&lost, TAKES_US), 1);
    expect_true(task_time_left_us() > 0); /* it did not wait for nothing */
}

static void what_would_not_end_in_time_is_not_begun(void **state)
{
    in_task(body_has_little_time);
}

static int cancelled_tries;

static void tries_when_cancelled(void *arg)
{
    (void)arg;
    cancelled_tries = tries_of(&lost, 0);
}

static void body_cancels(void)
{
    struct task *task = task_spawn("tries", tries_when_cancelled, NULL);

    expect_ok(task_yield());
    task_stop(task);
    expect_int_equal(cancelled_tries, 1);
}

static void a_cancelled_task_tries_no_more(void **state)
{
    in_task(body_cancels);
}

UNIT_TESTS(what_lost_against_others_is_run_again_so_many_times,
           as_long_as_the_deadline_allows_it_is_run_again,
           an_outcome_that_is_unknown_or_definite_is_never_tried_again,
           what_would_not_end_in_time_is_not_begun, a_cancelled_task_tries_no_more)
