#include "base/id.h"

#include <stdlib.h>
#include <xxhash.h>

#include "base/mem.h"
#include "base/str.h"
#include "tests/unit/unit.h"

#define T0 (ID_EPOCH_UNIX_MS + 1000000LL) /* "now" */

static struct id_maker maker_at(int64_t after_ms)
{
    return id_maker_start(3, 5, after_ms, INT64_MAX);
}

static int64_t next(struct id_maker *maker, int64_t now_ms)
{
    int64_t id;
    assert_ok(id_next(maker, now_ms, &id));
    return id;
}

static int64_t next_for_user(struct id_maker *maker, int64_t now_ms, int64_t user_id)
{
    int64_t id;
    assert_ok(id_next_for_user(maker, now_ms, user_id, &id));
    return id;
}

static void an_id_says_when_and_where_it_was_made(void **state)
{
    struct id_maker maker = maker_at(T0 - 1);
    const int64_t id = next(&maker, T0);

    assert_true(id > 0);
    assert_int_equal(id_unix_ms(id), T0);
    assert_int_equal(id >> 12 & 1023, 3 << 6 | 5);
    assert_int_equal(id & 4095, 0);
}

static void the_greatest_worker_and_the_last_moment_stay_positive(void **state)
{
    const int64_t last_ms = ID_EPOCH_UNIX_MS + (1LL << 41) - 1;
    struct id_maker maker = id_maker_start(ID_SERVICE_MAX, ID_NODE_MAX, last_ms - 1, INT64_MAX);
    const int64_t id = next(&maker, last_ms);

    assert_true(id > 0);
    assert_int_equal(id_unix_ms(id), last_ms);
}

static void a_spent_millisecond_borrows_the_next(void **state)
{
    struct id_maker maker = maker_at(T0 - 1);
    int64_t last = 0;

    for (int i = 0; i < 4096; i++) {
        const int64_t id = next(&maker, T0);
        assert_true(id > last);
        assert_int_equal(id_unix_ms(id), T0);
        last = id;
    }
    assert_int_equal(id_unix_ms(next(&maker, T0)), T0 + 1);
    assert_int_equal(id_unix_ms(next(&maker, T0 + 1)), T0 + 1); /* the clock catches up */
    assert_int_equal(id_unix_ms(next(&maker, T0 + 2)), T0 + 2);
}

static void ids_rise_when_the_clock_goes_back(void **state)
{
    struct id_maker maker = maker_at(T0 - 1);
    int64_t last = next(&maker, T0);

    for (int i = 0; i < 10000; i++) {
        const int64_t id = next(&maker, T0 - 3600 * 1000 + i / 100);
        assert_true(id > last);
        last = id;
    }
}

static void the_first_id_is_behind_the_predecessors_mark(void **state)
{
    struct id_maker maker = maker_at(T0 + 500);

    assert_int_equal(id_unix_ms(next(&maker, T0)), T0 + 501);
}

static void at_the_fence_there_are_no_ids_and_nothing_changes(void **state)
{
    struct id_maker maker = id_maker_start(3, 5, T0 - 1, T0 + 1);
    int64_t id = 77;

    for (int i = 0; i < 4096; i++)
        assert_true(next(&maker, T0) > 0);
    const struct id_maker before = maker;
    assert_reason(id_next(&maker, T0, &id), "ID_FENCE_REACHED");
    assert_reason(id_next(&maker, T0 + 1, &id), "ID_FENCE_REACHED");
    assert_reason(id_next_for_user(&maker, T0 + 1, 1, &id), "ID_FENCE_REACHED");
    assert_int_equal(id, 77);
    assert_memory_equal(&maker, &before, sizeof maker);
    maker.fence_ms = T0 + 2;
    assert_int_equal(id_unix_ms(next(&maker, T0 + 1)), T0 + 1);
}

static void a_clock_before_the_epoch_makes_no_negative_id(void **state)
{
    struct id_maker maker = maker_at(0);

    assert_true(next(&maker, 0) > 0);
    assert_true(next(&maker, ID_EPOCH_UNIX_MS - 5) > 0);
    assert_int_equal(id_unix_ms(next(&maker, T0)), T0);
}

static void ids_of_a_user_share_the_users_shard(void **state)
{
    static const int64_t users[] = {1, 2, 42, 1LL << 62, INT64_MAX};
    struct id_maker maker = maker_at(T0 - 1);

    for (size_t u = 0; u < ARRAY_LEN(users); u++)
        for (int i = 0; i < 100; i++)
            assert_int_equal(id_shard(next_for_user(&maker, T0, users[u])),
                             id_shard_of_user(users[u]));
}

static void users_spread_over_all_shards(void **state)
{
    int count[ID_SHARDS] = {0};

    for (int64_t user = 1; user <= 64000; user++)
        count[id_shard_of_user(user)]++;
    for (size_t i = 0; i < ID_SHARDS; i++)
        assert_in_range(count[i], 850, 1150);
}

/* Rows are found by it for ever: it must never change, on no machine. */
static void a_users_shard_is_fixed(void **state)
{
    assert_int_equal(id_shard_of_user(1), XXH64("\1\0\0\0\0\0\0\0", 8, 0) % 64);
    assert_int_equal(id_shard_of_user(1), 21);
    assert_int_equal(id_shard_of_user(123456789012345678), 55);
}

static void a_millisecond_has_64_ids_for_users(void **state)
{
    struct id_maker maker = maker_at(T0 - 1);

    for (int i = 0; i < 64; i++)
        assert_int_equal(id_unix_ms(next_for_user(&maker, T0, i + 1)), T0);
    assert_int_equal(id_unix_ms(next_for_user(&maker, T0, 99)), T0 + 1);
}

static int compare_ids(const void *a, const void *b)
{
    const int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

static void assert_all_differ(int64_t *ids, size_t count)
{
    qsort(ids, count, sizeof *ids, compare_ids);
    for (size_t i = 1; i < count; i++)
        assert_true(ids[i - 1] < ids[i]);
}

/* Three workers, a clock that mostly goes on, stands still or steps back. */
static void a_million_ids_of_several_workers_differ(void **state)
{
    enum { COUNT = 1000 * 1000 };
    struct id_maker makers[] = {id_maker_start(1, 0, T0, INT64_MAX),
                                id_maker_start(1, 63, T0, INT64_MAX),
                                id_maker_start(2, 0, T0, INT64_MAX)};
    int64_t *ids = mem_calloc(COUNT, sizeof *ids), now_ms = T0;
    uint64_t random = 42;

    for (size_t i = 0; i < COUNT; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        if (random >> 58 == 0)
            now_ms += (int64_t)(random >> 40 & 7) - 2;
        ids[i] = next(&makers[random >> 33 & 1 ? 0 : random >> 34 & 1 ? 1 : 2], now_ms);
    }
    assert_all_differ(ids, COUNT);
    mem_free(ids);
}

static void a_million_ids_of_users_differ(void **state)
{
    enum { COUNT = 1000 * 1000 };
    struct id_maker maker = maker_at(T0);
    int64_t *ids = mem_calloc(COUNT, sizeof *ids);

    for (size_t i = 0; i < COUNT; i++)
        ids[i] = next_for_user(&maker, T0 + (int64_t)i / 100, (int64_t)(i % 977));
    assert_all_differ(ids, COUNT);
    mem_free(ids);
}

/* Order numbers. */

static struct order_no_maker *order_maker(int64_t after_s, int64_t fence_s)
{
    struct order_no_maker *maker = mem_new(struct order_no_maker);
    order_no_maker_start(maker, 63, after_s, fence_s);
    return maker;
}

static void an_order_number_reads_second_machine_user_sequence(void **state)
{
    AUTO(mem_freep) struct order_no_maker *maker = order_maker(1700000000, INT64_MAX);
    char number[ORDER_NO_DIGITS + 1];

    assert_ok(order_no_next(maker, 1700000001, 1234567, number));
    assert_string_equal(number, "1700000001063567000");
    assert_ok(order_no_next(maker, 1700000001, 2567, number));
    assert_string_equal(number, "1700000001063567001");
    assert_ok(order_no_next(maker, 1700000001, 8, number));
    assert_string_equal(number, "1700000001063008000");
}

static void order_numbers_of_a_second_and_the_borrowed_next_differ(void **state)
{
    AUTO(mem_freep) struct order_no_maker *maker = order_maker(1700000000, INT64_MAX);
    enum { COUNT = 3500 };
    AUTO(mem_freep) int64_t *numbers = mem_calloc(COUNT, sizeof *numbers);
    char number[ORDER_NO_DIGITS + 1];

    for (size_t i = 0; i < COUNT; i++) { /* the clock stands, then goes on into what was borrowed */
        assert_ok(order_no_next(maker, i < 2500 ? 1700000001 : 1700000003, 42, number));
        assert_int_equal(strlen(number), ORDER_NO_DIGITS);
        assert_true(str_to_i64(number, &numbers[i]));
    }
    assert_all_differ(numbers, COUNT);
}

static void order_numbers_are_unique_over_users_that_share_a_suffix(void **state)
{
    AUTO(mem_freep) struct order_no_maker *maker = order_maker(1700000000, INT64_MAX);
    char a[ORDER_NO_DIGITS + 1], b[ORDER_NO_DIGITS + 1];

    assert_ok(order_no_next(maker, 1700000001, 1042, a));
    assert_ok(order_no_next(maker, 1700000001, 2042, b));
    assert_string_not_equal(a, b);
}

static void an_order_number_stops_at_the_fence(void **state)
{
    AUTO(mem_freep) struct order_no_maker *maker = order_maker(1700000000, 1700000002);
    char number[ORDER_NO_DIGITS + 1] = "before";

    for (int i = 0; i < 1000; i++)
        assert_ok(order_no_next(maker, 1700000001, 42, number));
    memcpy(number, "before", 7);
    assert_reason(order_no_next(maker, 1700000001, 42, number), "ID_FENCE_REACHED");
    assert_reason(order_no_next(maker, 1700000002, 43, number), "ID_FENCE_REACHED");
    assert_string_equal(number, "before");
    assert_ok(order_no_next(maker, 1700000001, 43, number));
}

static void the_first_id_of_a_millisecond_parts_those_before_from_those_after(void **state)
{
    struct id_maker maker = id_maker_start(0, 0, 0, INT64_MAX);
    const int64_t ms = 1700000000000 + 50000000000;
    int64_t before, at;

    assert_ok(id_next(&maker, ms - 1, &before));
    assert_ok(id_next(&maker, ms, &at));
    assert_true(before < id_first_at_ms(ms));
    assert_true(at >= id_first_at_ms(ms));
    assert_int_equal(id_first_at_ms(0), 1);
    assert_int_equal(id_first_at_ms(INT64_MIN), 1);
    assert_int_equal(id_first_at_ms(ID_EPOCH_UNIX_MS), 1);
    assert_int_equal(id_first_at_ms(INT64_MAX), INT64_MAX);
    assert_true(id_first_at_ms(id_unix_ms(INT64_MAX)) <= INT64_MAX);
}

static void ids_are_sorted_and_found(void **state)
{
    struct thing {
        int64_t id;
        char name;
    };
    struct thing things[] = {{7, 'c'}, {INT64_MAX, 'd'}, {INT64_MIN, 'a'}, {-1, 'b'}};
    const int64_t wanted = 7, unknown = 8;

    qsort(things, ARRAY_LEN(things), sizeof *things, id_order);
    for (size_t i = 0; i < ARRAY_LEN(things); i++)
        assert_int_equal(things[i].name, "abcd"[i]);
    assert_ptr_equal(bsearch(&wanted, things, ARRAY_LEN(things), sizeof *things, id_order),
                     &things[2]);
    assert_null(bsearch(&unknown, things, ARRAY_LEN(things), sizeof *things, id_order));
}

UNIT_TESTS(
    ids_are_sorted_and_found, the_first_id_of_a_millisecond_parts_those_before_from_those_after,
    an_id_says_when_and_where_it_was_made, the_greatest_worker_and_the_last_moment_stay_positive,
    a_spent_millisecond_borrows_the_next, ids_rise_when_the_clock_goes_back,
    the_first_id_is_behind_the_predecessors_mark, at_the_fence_there_are_no_ids_and_nothing_changes,
    a_clock_before_the_epoch_makes_no_negative_id, ids_of_a_user_share_the_users_shard,
    users_spread_over_all_shards, a_users_shard_is_fixed, a_millisecond_has_64_ids_for_users,
    a_million_ids_of_several_workers_differ, a_million_ids_of_users_differ,
    an_order_number_reads_second_machine_user_sequence,
    order_numbers_of_a_second_and_the_borrowed_next_differ,
    order_numbers_are_unique_over_users_that_share_a_suffix, an_order_number_stops_at_the_fence)
