#include "base/fsm.h"
#include "tests/unit/unit.h"

/* A lamp that a child may not switch on, and that breaks when kicked. */
enum { OFF, ON, BROKEN };
enum { SWITCH, KICK };

static const char *state_name(int state)
{
    static const char *const names[] = {"OFF", "ON", "BROKEN"};
    return names[state];
}

static const char *event_name(int event)
{
    return event == SWITCH ? "SWITCH" : "KICK";
}

static bool is_adult(const void *age)
{
    return *(const int *)age >= 18;
}

static const struct fsm_rule rules[] = {
    {OFF, SWITCH, ON, is_adult},
    {ON, SWITCH, OFF, NULL},
    {ON, KICK, BROKEN, is_adult},
    {ON, KICK, OFF, NULL},
};

static const struct fsm lamp = {
    .name = "lamp",
    .state_name = state_name,
    .event_name = event_name,
    .rules = rules,
    .rule_count = ARRAY_LEN(rules),
};

static const int adult = 40, child = 4;

static void a_row_that_fits_leads_on(void **state)
{
    int next = -1;

    assert_ok(fsm_next(&lamp, OFF, SWITCH, &adult, &next));
    assert_int_equal(next, ON);
    assert_ok(fsm_next(&lamp, ON, SWITCH, &child, &next));
    assert_int_equal(next, OFF);
}

static void a_guard_passes_on_to_the_next_row(void **state)
{
    int next = -1;

    assert_ok(fsm_next(&lamp, ON, KICK, &adult, &next));
    assert_int_equal(next, BROKEN);
    assert_ok(fsm_next(&lamp, ON, KICK, &child, &next));
    assert_int_equal(next, OFF);
}

static void what_is_not_in_the_table_is_refused_by_name(void **state)
{
    int next = 77;
    const struct status st = fsm_next(&lamp, BROKEN, SWITCH, &adult, &next);

    assert_int_equal(st.code, CODE_FAILED_PRECONDITION);
    assert_string_equal(st.reason, "ILLEGAL_TRANSITION");
    assert_string_equal(st.detail, "lamp: no SWITCH from BROKEN");
    assert_reason(fsm_next(&lamp, OFF, SWITCH, &child, &next), "ILLEGAL_TRANSITION");
    assert_reason(fsm_next(&lamp, OFF, KICK, &adult, &next), "ILLEGAL_TRANSITION");
    assert_int_equal(next, 77);
}

UNIT_TESTS(a_row_that_fits_leads_on, a_guard_passes_on_to_the_next_row,
           what_is_not_in_the_table_is_refused_by_name)
