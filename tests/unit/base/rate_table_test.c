#include "base/rate_table.h"

#include "tests/unit/unit.h"

static struct rate_table table;
static int64_t wait_us;

static void start(uint32_t per_s, uint32_t burst)
{
    rate_table_init(&table, (struct token_rate){.per_s = per_s, .burst = burst});
}

static int take_all(uint64_t key, int64_t now_us)
{
    int taken = 0;

    while (rate_table_take(&table, key, now_us, &wait_us))
        taken++;
    return taken;
}

static void each_key_has_its_own(void **state)
{
    start(200, 5);
    for (uint64_t key = 0; key < 100; key++)
        assert_int_equal(take_all(key, 0), 5);
    for (uint64_t key = 0; key < 100; key++)
        assert_false(rate_table_take(&table, key, 0, &wait_us));
    assert_int_equal(wait_us, 5000);
}

/* Of one set, as are all keys here that are a multiple of its number. */
static uint64_t colliding(uint64_t number)
{
    return number * RATE_TABLE_SETS;
}

static void who_has_spent_most_is_remembered_while_a_crowd_passes(void **state)
{
    start(200, 100);
    assert_int_equal(take_all(colliding(1), 0), 100);
    for (uint64_t key = 2; key < 10 * 1000; key++)
        assert_true(rate_table_take(&table, colliding(key), 0, &wait_us));
    assert_false(rate_table_take(&table, colliding(1), 0, &wait_us));
}

static void whoever_is_forgotten_begins_anew(void **state)
{
    start(200, 100);
    for (uint64_t key = 1; key <= RATE_TABLE_WAYS; key++)
        assert_int_equal(take_all(colliding(key), (int64_t)key), 100);
    assert_int_equal(take_all(colliding(99), 10), 100); /* the first made room */
    assert_int_equal(take_all(colliding(1), 10), 100);
}

static void a_full_bucket_is_forgotten_first(void **state)
{
    start(200, 100);
    for (uint64_t key = 1; key < RATE_TABLE_WAYS; key++)
        assert_int_equal(take_all(colliding(key), 0), 100);
    assert_true(rate_table_take(&table, colliding(50), 0, &wait_us));
    assert_true(rate_table_take(&table, colliding(51), 0, &wait_us));
    for (uint64_t key = 1; key < RATE_TABLE_WAYS; key++)
        assert_false(rate_table_take(&table, colliding(key), 0, &wait_us));
}

UNIT_TESTS(each_key_has_its_own, who_has_spent_most_is_remembered_while_a_crowd_passes,
           whoever_is_forgotten_begins_anew, a_full_bucket_is_forgotten_first)
