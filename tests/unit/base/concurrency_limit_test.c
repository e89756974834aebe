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
        concurrency_limit_ended(&limit, limit.limit, limit.limit * 1000LL * 1000 / per_s,
                                ALLOWED_US, now_us);
    }
}

/* The same all the time, so many of them at a time. */
static void calls(int64_t took_us, int64_t allowed_us, unsigned used, bool full)
{
    for (int i = 0; i < 1000; i++) {
        now_us += 1000;
        concurrency_limit_used(&limit, used, full);
        concurrency_limit_ended(&limit, used, took_us, allowed_us, now_us);
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

/* So many calls end, the last of them when the while is over. */
static void one_while(unsigned used, int64_t took_us)
{
    for (int i = 0; i < 20; i++) {
        now_us += 10 * 1000;
        concurrency_limit_ended(&limit, used, took_us, ALLOWED_US, now_us);
    }
}

static void it_falls_towards_what_was_in_use(void **state)
{
    start();
    calls(ALLOWED_US / 2, ALLOWED_US, 40, false);
    assert_true(limit.limit <= 40);
    assert_true(limit.limit >= FLOOR);
}

static void it_falls_by_half_at_the_most(void **state)
{
    start();
    one_while(CEILING, ALLOWED_US);
    assert_int_equal(limit.limit, CEILING / 2);
    one_while(300, ALLOWED_US);
    assert_int_equal(limit.limit, CEILING / 4);
    one_while(20, ALLOWED_US);
    assert_int_equal(limit.limit, CEILING / 8);
}

static void those_in_use_count_though_nobody_comes(void **state)
{
    start();
    limit.limit = 333;
    one_while(368, ALLOWED_US * 3 / 10);
    assert_int_equal(limit.limit, 333 * 250 / 300);
}

static void few_are_no_crowd_however_slow(void **state)
{
    start();
    calls(ALLOWED_US, ALLOWED_US, 1, false);
    calls(ALLOWED_US, ALLOWED_US, FLOOR, false);
    assert_int_equal(limit.limit, CEILING);
}

/* Of 70 calls a second that can be served half as many again come, and end with their deadline. */
static void a_crowd_may_be_far_below_the_limit(void **state)
{
    start();
    calls(ALLOWED_US, ALLOWED_US, 105, false);
    calls(ALLOWED_US, ALLOWED_US, 105, false);
    assert_true(limit.limit <= 105 / 4);
}

static void it_rises_by_one_at_least(void **state)
{
    start();
    limit.limit = FLOOR;
    for (unsigned before = FLOOR; before < 30; before++) {
        concurrency_limit_used(&limit, before, true);
        one_while(before, ALLOWED_US * 249 / 1000);
        assert_int_equal(limit.limit, before + 1);
    }
    concurrency_limit_used(&limit, 30, true);
    one_while(30, ALLOWED_US / 4);
    assert_int_equal(limit.limit, 30);
}

static void it_rises_by_a_tenth_at_the_most(void **state)
{
    start();
    limit.limit = 100;
    concurrency_limit_used(&limit, 100, true);
    one_while(100, 1000);
    assert_int_equal(limit.limit, 110);
}

static void some_calls_that_take_all_their_time_change_nothing(void **state)
{
    start();
    for (int i = 0; i < 10 * 1000; i++) {
        now_us += 1000;
        concurrency_limit_used(&limit, CEILING, true);
        concurrency_limit_ended(&limit, CEILING, i % 10 ? 5000 : 2 * ALLOWED_US, ALLOWED_US,
                                now_us);
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
            concurrency_limit_ended(&limit, limit.limit, 1000 * 1000, 10 * 1000 * 1000, now_us);
        else
            concurrency_limit_ended(&limit, limit.limit, 500 * 1000, 500 * 1000, now_us);
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
           it_falls_towards_what_was_in_use, it_falls_by_half_at_the_most,
           those_in_use_count_though_nobody_comes, few_are_no_crowd_however_slow,
           a_crowd_may_be_far_below_the_limit, it_rises_by_one_at_least,
           it_rises_by_a_tenth_at_the_most, some_calls_that_take_all_their_time_change_nothing,
           dear_calls_do_not_hide_that_cheap_ones_are_late,
           a_floor_that_is_no_lower_leaves_it_alone)
