#include "io/pb_time.h"

#include "tests/unit/unit.h"

static const Google__Protobuf__Timestamp *stamp(int64_t unix_us, struct arena *arena)
{
    const Google__Protobuf__Timestamp *timestamp = pb_timestamp(unix_us, arena);
    assert_non_null(timestamp);
    return timestamp;
}

static void a_time_comes_back_to_the_microsecond(void **state)
{
    static const int64_t times[] = {
        1,       999999,   1000000,  1795190400123456,   -1,
        -999999, -1000000, -1000001, 253402300799999999, -62135596800000000};
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 16);

    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        const Google__Protobuf__Timestamp *timestamp = stamp(times[i], arena);
        assert_in_range(timestamp->nanos, 0, 999999999); /* also before 1970 */
        assert_true(pb_time_us(timestamp) == times[i]);
    }
}

static void seconds_and_nanoseconds_are_what_the_contract_says(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 16);

    assert_int_equal(stamp(1500000, arena)->seconds, 1);
    assert_int_equal(stamp(1500000, arena)->nanos, 500000000);
    assert_int_equal(stamp(-500000, arena)->seconds, -1);
    assert_int_equal(stamp(-500000, arena)->nanos, 500000000);
}

static void no_time_is_no_message(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 16);

    assert_null(pb_timestamp(0, arena));
    assert_int_equal(pb_time_us(NULL), 0);
}

static void what_is_finer_than_a_microsecond_is_cut(void **state)
{
    Google__Protobuf__Timestamp timestamp = GOOGLE__PROTOBUF__TIMESTAMP__INIT;

    timestamp.seconds = 3;
    timestamp.nanos = 1999;
    assert_int_equal(pb_time_us(&timestamp), 3000001);
}

UNIT_TESTS(a_time_comes_back_to_the_microsecond, seconds_and_nanoseconds_are_what_the_contract_says,
           no_time_is_no_message, what_is_finer_than_a_microsecond_is_cut)
