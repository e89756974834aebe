#include "base/concurrency_limit.h"

#include "tests/unit/unit.h"

enum { ALLOWED_US = 1000 * 1000, FLOOR = 16, CEILING = 1000 };

static struct concurrency_limit limit;
static int64_t now_us;

static void start(void)
{
    now_us = 0;
    concurrency_limit_init(&limit, FLOOR, CEILING);
}

/* A service that works off so many calls a second, and always has as many as it may. */
static void work(int64_t per_s, int64_t seconds)
{
    const int64_t until_us = now_us + seconds * 1000 * 1000;

    while (now_us < until_us) {
        now_us += 1000 * 1000 / per_s;
        concurrency_limit_used(&limit, limit.limit, true);
        concurrency_limit_ended(&limit, limit.limit * 1000LL * 1000 / per_s, ALLOWED_US, now_us);
    }
}

/* The same all the time, so many of them at a time. */
static void calls(int64_t took_us, int64_t allowed_us, unsigned used, bool full)
{
    for (int i = 0; i < 1000; i++) {
        now_us += 1000;
        concurrency_limit_used(&limit, used, full);
        concurrency_limit_ended(&limit, took_us, allowed_us, now_us);
    }
}

static void what_is_begun_needs_a_quarter_of_its_time(void **state)
{
    start();
    work(400, 10);
    assert_in_range(limit.limit, 90, 110); /* a quarter of a second's work */
    work(2000, 20);
    assert_in_range(limit.limit, 450, 550);
    work(100, 20);
    assert_in_range(limit.limit, 22, 28);
}

static void a_crowd_is_answered_in_a_second_or_two(void **state)
{
    start();
    work(400, 2);
    assert_true(limit.limit < 200);
}

static void it_stays_between_floor_and_ceiling(void **state)
{
    start();
    work(10, 20);
    assert_int_equal(limit.limit, FLOOR);
    work(100 * 1000, 20);
    assert_int_equal(limit.limit, CEILING);
}

static void without_a_crowd_it_does_not_grow(void **state)
{
    start();
    work(200, 10);
    const unsigned before = limit.limit;
    calls(1000, ALLOWED_US, 3, false);
    assert_int_equal(limit.limit, before);
    calls(1000, ALLOWED_US, before, true);
    assert_true(limit.limit > before);
}

static void it_falls_from_what_was_in_use(void **state)
{
    start();
    calls(ALLOWED_US / 2, ALLOWED_US, 40, false);
    assert_true(limit.limit <= 40);
    assert_true(limit.limit >= FLOOR);
}

static void some_calls_that_take_all_their_time_change_nothing(void **state)
{
    start();
    for (int i = 0; i < 10 * 1000; i++) {
        now_us += 1000;
        concurrency_limit_used(&limit, CEILING, true);
        concurrency_limit_ended(&limit, i % 10 ? 5000 : 2 * ALLOWED_US, ALLOWED_US, now_us);
    }
    assert_int_equal(limit.limit, CEILING);
}

static void dear_calls_do_not_hide_that_cheap_ones_are_late(void **state)
{
    start();
    for (int i = 0; i < 10 * 1000; i++) {
        now_us += 1000;
        concurrency_limit_used(&limit, limit.limit, true);
        if (i % 2)
            concurrency_limit_ended(&limit, 1000 * 1000, 10 * 1000 * 1000, now_us);
        else
            concurrency_limit_ended(&limit, 500 * 1000, 500 * 1000, now_us);
    }
    assert_int_equal(limit.limit, FLOOR);
}

static void a_floor_that_is_no_lower_leaves_it_alone(void **state)
{
    now_us = 0;
    concurrency_limit_init(&limit, 16, 2);
    calls(ALLOWED_US, ALLOWED_US, 2, true);
    assert_int_equal(limit.limit, 2);
}

UNIT_TESTS(what_is_begun_needs_a_quarter_of_its_time, a_crowd_is_answered_in_a_second_or_two,
           it_stays_between_floor_and_ceiling, without_a_crowd_it_does_not_grow,
           it_falls_from_what_was_in_use, some_calls_that_take_all_their_time_change_nothing,
           dear_calls_do_not_hide_that_cheap_ones_are_late,
           a_floor_that_is_no_lower_leaves_it_alone)
