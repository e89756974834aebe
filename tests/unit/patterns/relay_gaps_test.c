#include "patterns/relay_gaps.h"

#include "tests/unit/unit.h"

enum { LIFE = 35 };

static struct relay_gaps gaps;

static void start(uint64_t cursor)
{
    relay_gaps_start(&gaps, cursor, LIFE);
}

static void read_rows(const uint64_t *numbers, size_t count, int64_t now_us)
{
    for (size_t i = 0; i < count; i++)
        assert_true(relay_gaps_read(&gaps, numbers[i], now_us));
}

#define READ(now_us, ...)                      \
    read_rows((const uint64_t[]){__VA_ARGS__}, \
              sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t), now_us)

static void rows_without_holes_move_the_cursor(void **state)
{
    start(0);
    assert_int_equal(relay_gaps_cursor(&gaps), 0);
    READ(1, 1, 2, 3);
    assert_int_equal(relay_gaps_cursor(&gaps), 3);
    assert_int_equal(gaps.count, 0);
}

static void a_hole_holds_the_cursor_until_its_row_appears(void **state)
{
    start(10);
    READ(1, 11, 14);
    assert_int_equal(relay_gaps_cursor(&gaps), 11);
    assert_true(relay_gaps_fill(&gaps, 13));
    assert_int_equal(relay_gaps_cursor(&gaps), 11);
    assert_true(relay_gaps_fill(&gaps, 12));
    assert_int_equal(relay_gaps_cursor(&gaps), 14);
}

static void a_row_is_handled_once(void **state)
{
    start(0);
    READ(1, 5);
    assert_false(relay_gaps_fill(&gaps, 5)); /* read forward */
    assert_false(relay_gaps_fill(&gaps, 6)); /* not read yet */
    assert_true(relay_gaps_fill(&gaps, 3));
    assert_false(relay_gaps_fill(&gaps, 3));
    assert_true(relay_gaps_fill(&gaps, 1));
    assert_true(relay_gaps_fill(&gaps, 2));
    assert_true(relay_gaps_fill(&gaps, 4));
    assert_int_equal(gaps.count, 0);
    assert_int_equal(relay_gaps_cursor(&gaps), 5);
}

static void a_range_falls_in_two(void **state)
{
    start(0);
    READ(1, 10);
    READ(2, 20);
    assert_true(relay_gaps_fill(&gaps, 5));
    assert_int_equal(gaps.count, 3);
    assert_int_equal(gaps.list[0].to, 4);
    assert_int_equal(gaps.list[1].from, 6);
    assert_int_equal(gaps.list[1].seen_us, 1);
    assert_int_equal(gaps.list[2].from, 11);
    assert_int_equal(gaps.list[2].seen_us, 2);
}

static void a_gap_closes_when_nothing_can_fill_it_any_more(void **state)
{
    start(0);
    READ(100, 3);
    READ(120, 6);
    assert_int_equal(relay_gaps_expire(&gaps, 100 + LIFE - 1), 0);
    assert_int_equal(relay_gaps_cursor(&gaps), 0);
    assert_int_equal(relay_gaps_expire(&gaps, 100 + LIFE), 2);
    assert_int_equal(relay_gaps_cursor(&gaps), 3);
    assert_int_equal(relay_gaps_expire(&gaps, 120 + LIFE), 2);
    assert_int_equal(relay_gaps_cursor(&gaps), 6);
}

static void an_inner_gap_that_closes_leaves_the_outer_ones(void **state)
{
    start(0);
    READ(100, 3);
    READ(50, 6); /* whatever the clock did */
    READ(100, 9);
    assert_int_equal(relay_gaps_expire(&gaps, 50 + LIFE), 2);
    assert_int_equal(gaps.count, 2);
    assert_int_equal(relay_gaps_cursor(&gaps), 0);
    assert_true(relay_gaps_fill(&gaps, 2));
    assert_false(relay_gaps_fill(&gaps, 5));
    assert_true(relay_gaps_fill(&gaps, 8));
}

static void a_start_forgets_what_was_open(void **state)
{
    start(0);
    READ(1, 3, 6);
    start(2);
    assert_int_equal(gaps.count, 0);
    assert_int_equal(relay_gaps_cursor(&gaps), 2);
    READ(1, 3);
    assert_int_equal(relay_gaps_cursor(&gaps), 3);
}

static void fill_up(void)
{
    start(0);
    for (uint64_t i = 1; i <= RELAY_GAPS_MAX; i++)
        assert_true(relay_gaps_read(&gaps, i * 4, 1));
    assert_int_equal(gaps.count, RELAY_GAPS_MAX);
}

static void without_room_for_a_gap_nothing_is_read_on(void **state)
{
    const uint64_t high = RELAY_GAPS_MAX * 4;

    fill_up();
    assert_false(relay_gaps_read(&gaps, high + 2, 1));
    assert_int_equal(gaps.high, high);
    assert_true(relay_gaps_read(&gaps, high + 1, 1)); /* needs none */
    assert_int_equal(relay_gaps_expire(&gaps, 1 + LIFE), RELAY_GAPS_MAX * 3);
    assert_true(relay_gaps_read(&gaps, high + 3, 1));
}

static void without_room_for_a_second_half_a_row_may_come_twice_but_none_is_missed(void **state)
{
    fill_up();
    assert_true(relay_gaps_fill(&gaps, 2)); /* 1 to 3 would fall in two */
    assert_int_equal(gaps.count, RELAY_GAPS_MAX);
    assert_true(relay_gaps_fill(&gaps, 1));
    assert_true(relay_gaps_fill(&gaps, 3));
    assert_true(relay_gaps_fill(&gaps, 2));
    assert_int_equal(gaps.count, RELAY_GAPS_MAX - 1);
    assert_int_equal(relay_gaps_cursor(&gaps), 4);
}

static void numbers_up_to_the_last_are_fine(void **state)
{
    start(UINT64_MAX - 3);
    READ(1, UINT64_MAX);
    assert_true(relay_gaps_fill(&gaps, UINT64_MAX - 1));
    assert_true(relay_gaps_fill(&gaps, UINT64_MAX - 2));
    assert_true(relay_gaps_cursor(&gaps) == UINT64_MAX);
}

UNIT_TESTS(rows_without_holes_move_the_cursor, a_hole_holds_the_cursor_until_its_row_appears,
           a_row_is_handled_once, a_range_falls_in_two,
           a_gap_closes_when_nothing_can_fill_it_any_more,
           an_inner_gap_that_closes_leaves_the_outer_ones, a_start_forgets_what_was_open,
           without_room_for_a_gap_nothing_is_read_on,
           without_room_for_a_second_half_a_row_may_come_twice_but_none_is_missed,
           numbers_up_to_the_last_are_fine)
