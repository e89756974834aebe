#include "svc-search-feed/change.h"

#include "tests/unit/unit.h"

static void the_newest_of_each_stays_by_rising_id(void **state)
{
    struct change changes[] = {{9, 1, 0},          {3, 5, 1}, {9, 3, 2}, {3, 4, 3},
                               {INT64_MAX, -1, 4}, {9, 2, 5}, {1, 0, 6}};

    assert_int_equal(changes_newest(changes, ARRAY_LEN(changes)), 4);
    const size_t wanted[] = {6, 1, 2, 4};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(changes[i].index, wanted[i]);
}

static void nothing_stays_nothing(void **state)
{
    struct change one = {7, 1, 0};

    assert_int_equal(changes_newest(&one, 0), 0);
    assert_int_equal(changes_newest(&one, 1), 1);
    assert_int_equal(one.id, 7);
}

UNIT_TESTS(the_newest_of_each_stays_by_rising_id, nothing_stays_nothing)
