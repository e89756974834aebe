#include "patterns/parking.h"

#include "tests/unit/unit.h"

static const struct status away = {.code = CODE_UNAVAILABLE};
static const struct status refused = {.code = CODE_FAILED_PRECONDITION};
static const struct status broken = {.code = CODE_INTERNAL};
static const struct status malformed = {.code = CODE_DATA_LOSS};

static const char *cause(const struct status *failure, unsigned tries, int64_t age_us)
{
    const char *dead = parking_judge(failure, tries, age_us, 7).dead_cause;
    return dead ? dead : "tried again";
}

static void bytes_that_are_no_event_are_given_up_at_once(void **state)
{
    assert_string_equal(cause(&malformed, 1, 0), "malformed");
}

static void a_refusal_may_pass_but_not_for_ever(void **state)
{
    for (unsigned tries = 1; tries < PARKING_TRIES_MAX; tries++) {
        assert_string_equal(cause(&refused, tries, 0), "tried again");
        assert_string_equal(cause(&broken, tries, 0), "tried again");
    }
    assert_string_equal(cause(&refused, PARKING_TRIES_MAX, 0), "refused");
    assert_string_equal(cause(&broken, PARKING_TRIES_MAX, 0), "refused");
}

static void what_passes_by_itself_has_a_day(void **state)
{
    assert_string_equal(cause(&away, 1, 0), "tried again");
    assert_string_equal(cause(&away, 100000, PARKING_AGE_MAX_US - 1), "tried again");
    assert_string_equal(cause(&away, 1, PARKING_AGE_MAX_US), "too old");
    assert_string_equal(cause(&refused, 1, PARKING_AGE_MAX_US), "too old");
}

static void pauses_grow_up_to_a_ceiling(void **state)
{
    int64_t most_us = PARKING_FIRST_WAIT_US;

    for (unsigned tries = 1; tries < 1000; tries++) {
        for (uint64_t random = 0; random < 50; random++) {
            const int64_t wait_us =
                parking_judge(&away, tries, 0, random * 0x9e3779b97f4a7c15).wait_us;
            assert_true(wait_us >= most_us / 2 && wait_us <= most_us);
        }
        most_us = most_us * 2 < PARKING_MOST_WAIT_US ? most_us * 2 : PARKING_MOST_WAIT_US;
    }
}

UNIT_TESTS(bytes_that_are_no_event_are_given_up_at_once, a_refusal_may_pass_but_not_for_ever,
           what_passes_by_itself_has_a_day, pauses_grow_up_to_a_ceiling)
