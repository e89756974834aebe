#include "base/backoff.h"
#include "tests/unit/unit.h"

static void pauses_double_up_to_the_most(void **state)
{
    struct backoff backoff = backoff_between(100, 1000);
    static const int64_t wanted[] = {100, 200, 400, 800, 1000, 1000};

    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        struct backoff same = backoff;
        /* Between a half and the whole, both included. */
        assert_int_equal(backoff_next_us(&backoff, 0), wanted[i] / 2);
        assert_int_equal(backoff_next_us(&same, (uint64_t)(wanted[i] - wanted[i] / 2)), wanted[i]);
    }
}

static void no_draw_leaves_the_range(void **state)
{
    struct backoff backoff = backoff_between(7, 7);

    for (uint64_t draw = 0; draw < 100; draw++) {
        const int64_t pause_us = backoff_next_us(&backoff, draw * 0x9e3779b97f4a7c15u);
        assert_in_range(pause_us, 3, 7);
    }
    backoff = backoff_between(100, 1000);
    assert_in_range(backoff_next_us(&backoff, UINT64_MAX), 50, 100);
}

static void after_a_success_it_begins_anew(void **state)
{
    struct backoff backoff = backoff_between(100, 1000);

    for (int i = 0; i < 9; i++)
        assert_true(backoff_next_us(&backoff, 0) >= 50);
    backoff_reset(&backoff);
    assert_int_equal(backoff_next_us(&backoff, 0), 50);
}

static void a_first_pause_beyond_the_most_is_the_most(void **state)
{
    struct backoff backoff = backoff_between(5000, 1000);

    assert_int_equal(backoff_next_us(&backoff, 0), 500);
}

UNIT_TESTS(pauses_double_up_to_the_most, no_draw_leaves_the_range, after_a_success_it_begins_anew,
           a_first_pause_beyond_the_most_is_the_most)
