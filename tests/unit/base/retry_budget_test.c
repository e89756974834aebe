#include "base/retry_budget.h"

#include "tests/unit/unit.h"

static void retries_stop_when_half_of_the_tokens_are_gone(void **state)
{
    struct retry_budget budget;
    int retries = 0;

    retry_budget_init(&budget);
    while (retry_budget_take(&budget))
        retries++;
    assert_int_equal(retries, 19);
}

static void ten_successes_pay_for_a_failure(void **state)
{
    struct retry_budget budget;

    retry_budget_init(&budget);
    while (retry_budget_take(&budget)) {
    }
    for (int i = 0; i < 10; i++)
        retry_budget_succeeded(&budget);
    assert_false(retry_budget_take(&budget));
    for (int i = 0; i < 11; i++)
        retry_budget_succeeded(&budget);
    assert_true(retry_budget_take(&budget));
}

static void a_long_trouble_costs_no_more_than_all_tokens(void **state)
{
    struct retry_budget budget;
    int successes = 0;

    retry_budget_init(&budget);
    for (int i = 0; i < 1000; i++)
        (void)!retry_budget_take(&budget);
    for (; successes < 1000; successes++)
        retry_budget_succeeded(&budget);
    assert_true(retry_budget_take(&budget));
}

UNIT_TESTS(retries_stop_when_half_of_the_tokens_are_gone, ten_successes_pay_for_a_failure,
           a_long_trouble_costs_no_more_than_all_tokens)
