#include "base/status.h"
#include "tests/unit/unit.h"

static void a_long_detail_ends_in_dots(void **state)
{
    char text[200];
    struct status st;

    memset(text, 'x', sizeof text);
    st = status_error(CODE_INTERNAL, "INTERNAL", "%.103s", text);
    assert_int_equal(strlen(st.detail), 103);
    assert_int_equal(st.detail[102], 'x');
    st = status_error(CODE_INTERNAL, "INTERNAL", "%.104s", text);
    assert_int_equal(strlen(st.detail), 103);
    assert_string_equal(st.detail + 99, "x...");
}

static void a_cut_never_splits_a_character(void **state)
{
    /* 34 characters of 3 bytes, moved by 0 to 2. */
    static const char wide[] =
        "价价价价价价价价价价价价价价价价价价价价价价价价价价价价价价价价价价";
    static const char *const before[] = {"", "a", "ab"};

    for (size_t i = 0; i < ARRAY_LEN(before); i++) {
        const struct status st =
            status_error(CODE_INTERNAL, "INTERNAL", "%s%s%s", before[i], wide, wide);
        const size_t length = strlen(st.detail);
        assert_string_equal(st.detail + length - 3, "...");
        assert_int_equal((length - 3 - i) % 3, 0);
        assert_true(length > 98);
    }
}

static struct status hands_on(struct status st, bool *went_on)
{
    TRY(st);
    *went_on = true;
    return STATUS_OK;
}

static void try_hands_a_failure_on_and_goes_on_otherwise(void **state)
{
    bool went_on = false;

    assert_reason(hands_on(status_error(CODE_ABORTED, "CONTENTION", "later"), &went_on),
                  "CONTENTION");
    assert_false(went_on);
    assert_ok(hands_on(STATUS_OK, &went_on));
    assert_true(went_on);
}

static void reasons_are_compared_by_their_text(void **state)
{
    char from_the_wire[] = "SOLD_OUT";
    const struct status st = status_error(CODE_FAILED_PRECONDITION, from_the_wire, "none left");
    const struct status bare = {.code = CODE_UNKNOWN};

    assert_true(status_is(&st, "SOLD_OUT"));
    assert_false(status_is(&st, "SOLD"));
    assert_false(status_is(&bare, "SOLD_OUT"));
}

static void every_code_is_ok_or_passing_or_definite_or_unknown(void **state)
{
    static const bool may_retry[17] = {[CODE_UNAVAILABLE] = true,
                                       [CODE_DEADLINE_EXCEEDED] = true,
                                       [CODE_ABORTED] = true,
                                       [CODE_RESOURCE_EXHAUSTED] = true};
    static const bool is_refusal[17] = {
        [CODE_INVALID_ARGUMENT] = true,    [CODE_NOT_FOUND] = true,
        [CODE_ALREADY_EXISTS] = true,      [CODE_PERMISSION_DENIED] = true,
        [CODE_FAILED_PRECONDITION] = true, [CODE_OUT_OF_RANGE] = true,
        [CODE_UNIMPLEMENTED] = true,       [CODE_UNAUTHENTICATED] = true};

    for (int code = CODE_OK; code <= CODE_UNAUTHENTICATED; code++) {
        const struct status st = {.code = (enum code)code};
        assert_int_equal(status_may_retry(&st), may_retry[code]);
        assert_int_equal(status_is_refusal(&st), is_refusal[code]);
    }
}

static void every_code_has_its_name_and_no_other_number_has_one(void **state)
{
    assert_string_equal(code_name(CODE_OK), "OK");
    assert_string_equal(code_name(CODE_UNAUTHENTICATED), "UNAUTHENTICATED");
    for (int code = CODE_OK; code <= CODE_UNAUTHENTICATED; code++)
        assert_true(*code_name((enum code)code));
    assert_string_equal(code_name((enum code)17), "UNKNOWN");
    assert_string_equal(code_name((enum code) - 1), "UNKNOWN");
}

static void hook_that_bugs(void)
{
    BUG("inside of the hook");
}

static void bugs_with_a_hook_that_bugs(void)
{
    bug_set_hook(hook_that_bugs);
    BUG_ON(true);
}

static void a_bug_aborts_even_when_its_hook_has_one(void **state)
{
    assert_true(unit_aborts(bugs_with_a_hook_that_bugs));
}

static void makes_an_error_that_is_none(void)
{
    status_ignore(status_error(CODE_OK, "NONE", "all is well"), "it never returns");
}

static void an_error_is_never_ok(void **state)
{
    assert_true(unit_aborts(makes_an_error_that_is_none));
}

UNIT_TESTS(a_long_detail_ends_in_dots, a_cut_never_splits_a_character,
           try_hands_a_failure_on_and_goes_on_otherwise, reasons_are_compared_by_their_text,
           every_code_is_ok_or_passing_or_definite_or_unknown,
           every_code_has_its_name_and_no_other_number_has_one,
           a_bug_aborts_even_when_its_hook_has_one, an_error_is_never_ok)
