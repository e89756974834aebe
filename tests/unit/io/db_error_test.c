#include "io/db_internal.h"
#include "tests/unit/unit.h"

static enum code code_of(unsigned number)
{
    return db_error_find(number, "")->code;
}

static void what_may_succeed_when_run_again_is_contention(void **state)
{
    static const unsigned numbers[] = {1213, 1205, 1020, 3572, 9004, 9007, 8002, 8022, 8028};

    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        const struct db_error *error = db_error_find(numbers[i], "");
        assert_int_equal(error->code, CODE_ABORTED);
        assert_string_equal(error->reason, "CONTENTION");
        assert_false(error->ends_connection);
    }
    assert_int_equal(db_error_find(1105, "can not retry: reach the retry limit")->code,
                     CODE_ABORTED);
    assert_int_equal(code_of(1105), CODE_INTERNAL);
}

static void a_dead_connection_is_unavailable_and_not_used_again(void **state)
{
    static const unsigned numbers[] = {2002, 2003, 2006, 2013, 2055, 1040, 1053, 1927, 4031, 1290};

    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        assert_int_equal(code_of(numbers[i]), CODE_UNAVAILABLE);
        assert_true(db_error_find(numbers[i], "")->ends_connection);
    }
    assert_int_equal(code_of(1317), CODE_UNAVAILABLE);
    assert_false(db_error_find(1317, "")->ends_connection);
}

static void the_servers_own_time_limits_are_deadlines(void **state)
{
    assert_int_equal(code_of(1969), CODE_DEADLINE_EXCEEDED);
    assert_int_equal(code_of(3024), CODE_DEADLINE_EXCEEDED);
}

static void two_errors_leave_the_transaction_alive(void **state)
{
    static const unsigned alive[] = {1062, 1690, 1264, 4025, 3819};
    static const unsigned dead[] = {1213, 1205, 1020, 2013, 1064, 1969, 1317};

    for (size_t i = 0; i < ARRAY_LEN(alive); i++) {
        const struct db_error *error = db_error_find(alive[i], "");
        const struct status st = status_error(error->code, error->reason, "x");
        assert_true(db_error_leaves_transaction(&st));
    }
    for (size_t i = 0; i < ARRAY_LEN(dead); i++) {
        const struct db_error *error = db_error_find(dead[i], "");
        const struct status st = status_error(error->code, error->reason, "x");
        assert_false(db_error_leaves_transaction(&st));
    }
}

static void anything_else_is_our_fault(void **state)
{
    assert_int_equal(code_of(1064), CODE_INTERNAL);
    assert_int_equal(code_of(1406), CODE_INTERNAL);
    assert_int_equal(code_of(65535), CODE_INTERNAL);
}

UNIT_TESTS(what_may_succeed_when_run_again_is_contention,
           a_dead_connection_is_unavailable_and_not_used_again,
           the_servers_own_time_limits_are_deadlines, two_errors_leave_the_transaction_alive,
           anything_else_is_our_fault)
