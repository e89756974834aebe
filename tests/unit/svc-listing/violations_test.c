#include "tests/unit/svc-listing/goods_kit.h"

static void nothing_wrong_is_ok(void **state)
{
    WITH_ARENA;
    struct violations *v = violations_new(arena);
    assert_ok(violations_status(v));
    assert_string_equal(kit_text(v), "");
}

static void all_are_named(void **state)
{
    WITH_ARENA;
    struct violations *v = violations_new(arena);
    violations_add(v, "draft.title", "is %s", "bad");
    violations_add_reason(v, "CURRENCY_UNKNOWN", "draft.skus[0]", "is worse");
    const struct status st = violations_status(v);
    assert_int_equal(st.code, CODE_INVALID_ARGUMENT);
    assert_string_equal(st.reason, "INVALID_FIELD");
    assert_string_equal(kit_text(v), "draft.title is bad; draft.skus[0] is worse");
}

static void a_reason_that_all_have_is_the_status(void **state)
{
    WITH_ARENA;
    struct violations *v = violations_new(arena);
    violations_add_reason(v, "CURRENCY_UNKNOWN", "a", "is XXX");
    violations_add_reason(v, "CURRENCY_UNKNOWN", "b", "is YYY");
    assert_reason(violations_status(v), "CURRENCY_UNKNOWN");
}

static void beyond_the_bound_they_are_counted(void **state)
{
    WITH_ARENA;
    struct violations *v = violations_new(arena);
    for (int i = 0; i < VIOLATIONS_MAX + 7; i++)
        violations_add(v, "f", "is bad");
    assert_int_equal(v->count, VIOLATIONS_MAX);
    assert_int_equal(v->total, VIOLATIONS_MAX + 7);
}

static void a_text_is_cut_between_characters(void **state)
{
    WITH_ARENA;
    struct violations *v = violations_new(arena);
    violations_add(v, "f", "面额");
    assert_string_equal(violations_text(v, 5), "f 面");
    assert_string_equal(violations_text(v, 6), "f 面");
    assert_string_equal(violations_text(v, 7), "f 面");
    assert_string_equal(violations_text(v, 8), "f 面额");
    assert_string_equal(violations_text(v, 4), "f ");
}

UNIT_TESTS(nothing_wrong_is_ok, all_are_named, a_reason_that_all_have_is_the_status,
           beyond_the_bound_they_are_counted, a_text_is_cut_between_characters)
