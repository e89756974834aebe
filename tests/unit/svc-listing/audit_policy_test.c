#include "svc-listing/audit_policy.h"
#include "tests/unit/unit.h"

static const struct audit_policy policies[] = {
    {SOURCE_OPERATOR_FORM, USER_OPERATOR, AUDIT_SKIP},
    {SOURCE_API, USER_MERCHANT, AUDIT_MANUAL},
    {SOURCE_API, 0, AUDIT_AUTO},
};

static void the_row_of_source_and_user_decides(void **state)
{
    enum audit_strategy strategy;
    assert_ok(audit_policy_route(policies, 3, SOURCE_OPERATOR_FORM, USER_OPERATOR, &strategy));
    assert_int_equal(strategy, AUDIT_SKIP);
    assert_ok(audit_policy_route(policies, 3, SOURCE_API, USER_MERCHANT, &strategy));
    assert_int_equal(strategy, AUDIT_MANUAL);
}

static void a_row_without_user_is_for_the_others(void **state)
{
    enum audit_strategy strategy;
    assert_ok(audit_policy_route(policies, 3, SOURCE_API, USER_SYSTEM, &strategy));
    assert_int_equal(strategy, AUDIT_AUTO);
}

static void nothing_is_published_without_a_row(void **state)
{
    enum audit_strategy strategy = AUDIT_NONE;
    assert_reason(audit_policy_route(policies, 3, SOURCE_OPERATOR_FORM, USER_SYSTEM, &strategy),
                  "NO_AUDIT_POLICY");
    assert_reason(audit_policy_route(NULL, 0, SOURCE_API, USER_MERCHANT, &strategy),
                  "NO_AUDIT_POLICY");
    assert_int_equal(strategy, AUDIT_NONE);
}

UNIT_TESTS(the_row_of_source_and_user_decides, a_row_without_user_is_for_the_others,
           nothing_is_published_without_a_row)
