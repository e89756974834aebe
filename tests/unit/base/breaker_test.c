#include "base/breaker.h"

#include "tests/unit/unit.h"

enum { SECOND = 1000 * 1000 };

static struct breaker breaker;

static bool call(enum breaker_outcome outcome, int64_t now_us)
{
    unsigned turn;

    if (!breaker_enter(&breaker, now_us, &turn))
        return false;
    breaker_leave(&breaker, turn, outcome, now_us);
    return true;
}

static void calls(int count, enum breaker_outcome outcome, int64_t now_us)
{
    for (int i = 0; i < count; i++)
        assert_true(call(outcome, now_us));
}

static void opened(void)
{
    breaker_init(&breaker, 0);
    calls(20, BREAKER_FAILED, 0);
    assert_int_equal(breaker.state, BREAKER_OPEN);
}

static void half_of_many_calls_open_it(void **state)
{
    breaker_init(&breaker, 0);
    calls(10, BREAKER_GOOD, 0);
    calls(9, BREAKER_FAILED, 0);
    assert_int_equal(breaker.state, BREAKER_CLOSED);
    calls(1, BREAKER_FAILED, 0);
    assert_int_equal(breaker.state, BREAKER_OPEN);
    assert_false(call(BREAKER_GOOD, SECOND / 2 - 1));
}

static void a_few_failures_say_nothing(void **state)
{
    breaker_init(&breaker, 0);
    calls(19, BREAKER_FAILED, 0);
    assert_int_equal(breaker.state, BREAKER_CLOSED);
}

static void what_nobody_knows_counts_for_nothing(void **state)
{
    breaker_init(&breaker, 0);
    calls(100, BREAKER_UNKNOWN, 0);
    calls(19, BREAKER_FAILED, 0);
    assert_int_equal(breaker.state, BREAKER_CLOSED);
}

static void old_failures_are_forgotten(void **state)
{
    breaker_init(&breaker, 0);
    calls(19, BREAKER_FAILED, 4 * SECOND);
    calls(1, BREAKER_GOOD, 9 * SECOND);
    assert_int_equal(breaker.calls[1], 19); /* still looked at */
    calls(1, BREAKER_FAILED, 11 * SECOND);
    assert_int_equal(breaker.state, BREAKER_CLOSED);
    calls(1, BREAKER_FAILED, 100 * SECOND);
    assert_int_equal(breaker.calls[0] + breaker.calls[1], 1);
}

static void one_at_a_time_tries_whether_it_is_well_again(void **state)
{
    unsigned turn, another;

    opened();
    assert_true(breaker_enter(&breaker, SECOND, &turn));
    assert_int_equal(breaker.state, BREAKER_HALF_OPEN);
    assert_false(breaker_enter(&breaker, SECOND, &another));
    breaker_leave(&breaker, turn, BREAKER_UNKNOWN, SECOND);
    calls(2, BREAKER_GOOD, SECOND);
    assert_int_equal(breaker.state, BREAKER_HALF_OPEN);
    calls(1, BREAKER_GOOD, SECOND);
    assert_int_equal(breaker.state, BREAKER_CLOSED);
}

static void each_failed_try_doubles_the_pause_up_to_eight_seconds(void **state)
{
    static const int64_t pauses_us[] = {SECOND,     2 * SECOND, 4 * SECOND,
                                        8 * SECOND, 8 * SECOND, 8 * SECOND};
    int64_t now_us = SECOND / 2;

    opened();
    for (size_t i = 0; i < ARRAY_LEN(pauses_us); i++) {
        assert_true(call(BREAKER_FAILED, now_us));
        assert_false(call(BREAKER_GOOD, now_us + pauses_us[i] - 1));
        now_us += pauses_us[i];
    }
    calls(3, BREAKER_GOOD, now_us);
    calls(20, BREAKER_FAILED, now_us); /* from the beginning */
    assert_true(call(BREAKER_GOOD, now_us + SECOND / 2));
}

static void results_of_calls_from_before_count_for_nothing(void **state)
{
    unsigned turn;

    breaker_init(&breaker, 0);
    assert_true(breaker_enter(&breaker, 0, &turn));
    calls(20, BREAKER_FAILED, 0);
    breaker_leave(&breaker, turn, BREAKER_FAILED, 1);
    assert_int_equal(breaker.open_until_us, SECOND / 2);
    calls(1, BREAKER_GOOD, SECOND);
    breaker_leave(&breaker, turn, BREAKER_FAILED, SECOND);
    assert_int_equal(breaker.state, BREAKER_HALF_OPEN);
    calls(2, BREAKER_GOOD, SECOND);
    assert_int_equal(breaker.state, BREAKER_CLOSED);
}

UNIT_TESTS(half_of_many_calls_open_it, a_few_failures_say_nothing,
           what_nobody_knows_counts_for_nothing, old_failures_are_forgotten,
           one_at_a_time_tries_whether_it_is_well_again,
           each_failed_try_doubles_the_pause_up_to_eight_seconds,
           results_of_calls_from_before_count_for_nothing)
