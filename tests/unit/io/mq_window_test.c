#include "io/mq_window.h"

#include "tests/unit/unit.h"

/* What mq_window_finish tells; -1: nothing. */
static int64_t finish(struct mq_window *window, size_t slot)
{
    int64_t done = -1;

    if (!mq_window_finish(window, slot, &done))
        assert_int_equal(done, -1);
    return done;
}

static void only_what_all_before_it_have_passed_is_done(void **state)
{
    struct mq_window window = {0};
    const size_t a = mq_window_add(&window, 10);
    const size_t b = mq_window_add(&window, 11);
    const size_t c = mq_window_add(&window, 15); /* offsets may have holes */

    assert_int_equal(finish(&window, b), -1);
    assert_int_equal(finish(&window, a), 12);
    assert_int_equal(finish(&window, c), 16);
}

static void holds_so_many_and_no_more(void **state)
{
    struct mq_window window = {0};
    size_t first = 0;

    for (int64_t offset = 0; offset < MQ_WINDOW_MAX; offset++) {
        assert_false(mq_window_is_full(&window));
        const size_t slot = mq_window_add(&window, offset);
        if (offset == 0)
            first = slot;
        else
            assert_int_equal(finish(&window, slot), -1);
    }
    assert_true(mq_window_is_full(&window));
    assert_int_equal(finish(&window, first), MQ_WINDOW_MAX);
    assert_false(mq_window_is_full(&window));
}

/* Against the plain definition, in an order drawn by chance. */
static void tells_the_lowest_unfinished_offset_at_any_time(void **state)
{
    enum { COUNT = 20000 };
    static bool finished[COUNT];
    struct mq_window window = {0};
    size_t slots[MQ_WINDOW_MAX], open = 0;
    int64_t offsets[MQ_WINDOW_MAX], next = 0, lowest = 0, told = 0;
    uint64_t chance = 1;

    while (lowest < COUNT) {
        chance = chance * 6364136223846793005u + 1442695040888963407u;
        if (next < COUNT && !mq_window_is_full(&window) && (chance >> 33) % 3) {
            offsets[open] = next;
            slots[open++] = mq_window_add(&window, next++);
        } else if (open) {
            const size_t i = (chance >> 40) % open;
            int64_t done;
            finished[offsets[i]] = true;
            if (mq_window_finish(&window, slots[i], &done))
                told = done;
            slots[i] = slots[--open];
            offsets[i] = offsets[open];
            while (lowest < COUNT && finished[lowest])
                lowest++;
            assert_int_equal(told, lowest);
        }
    }
}

UNIT_TESTS(only_what_all_before_it_have_passed_is_done, holds_so_many_and_no_more,
           tells_the_lowest_unfinished_offset_at_any_time)
