#include "base/money.h"
#include "tests/unit/unit.h"

static struct money of(const char *currency, int64_t minor)
{
    struct money money;
    assert_ok(money_make(currency, minor, &money));
    return money;
}

static void only_codes_of_iso_4217_are_currencies(void **state)
{
    static const char *const known[] = {"AED", "CNY", "EUR", "JPY", "USD", "XCG", "ZWG"};
    static const char *const unknown[] = {"",    "cny", "CN",  "CNYX",
                                          "XXX", "XAU", "DEM", "\xc3\xa9U"};
    struct money money = {.currency = "CNY", .minor = 5};

    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        assert_true(currency_is_known(known[i]));
    for (size_t i = 0; i < ARRAY_LEN(unknown); i++)
        assert_reason(money_make(unknown[i], 1, &money), "CURRENCY_UNKNOWN");
    assert_true(money_equal(money, of("CNY", 5)));
}

static void sums_and_differences_are_exact(void **state)
{
    struct money result;

    assert_ok(money_add(of("CNY", 199), of("CNY", -200), &result));
    assert_true(money_equal(result, of("CNY", -1)));
    assert_ok(money_subtract(of("CNY", 199), of("CNY", 200), &result));
    assert_true(money_equal(result, of("CNY", -1)));
    assert_ok(money_times(of("CNY", 333), 3, &result));
    assert_true(money_equal(result, of("CNY", 999)));
}

static void what_does_not_fit_is_refused_and_leaves_the_result_alone(void **state)
{
    struct money result = of("USD", 7);

    assert_reason(money_add(of("CNY", INT64_MAX), of("CNY", 1), &result), "MONEY_OVERFLOW");
    assert_reason(money_add(of("CNY", INT64_MIN), of("CNY", -1), &result), "MONEY_OVERFLOW");
    assert_reason(money_subtract(of("CNY", 0), of("CNY", INT64_MIN), &result), "MONEY_OVERFLOW");
    assert_reason(money_times(of("CNY", INT64_MIN), -1, &result), "MONEY_OVERFLOW");
    assert_reason(money_times(of("CNY", INT64_MAX / 2 + 1), 2, &result), "MONEY_OVERFLOW");
    assert_true(money_equal(result, of("USD", 7)));
}

static void the_last_amounts_that_fit_do(void **state)
{
    struct money result;

    assert_ok(money_add(of("CNY", INT64_MAX), of("CNY", 0), &result));
    assert_ok(money_subtract(of("CNY", -1), of("CNY", INT64_MAX), &result));
    assert_true(result.minor == INT64_MIN);
    assert_ok(money_times(of("CNY", INT64_MIN), 1, &result));
    assert_true(result.minor == INT64_MIN);
}

static void currencies_do_not_mix(void **state)
{
    struct money result = of("USD", 7);

    assert_reason(money_add(of("CNY", 1), of("USD", 1), &result), "CURRENCY_MISMATCH");
    assert_reason(money_subtract(of("CNY", 1), of("USD", 1), &result), "CURRENCY_MISMATCH");
    assert_false(money_same_currency(of("CNY", 1), of("USD", 1)));
    assert_false(money_equal(of("CNY", 1), of("USD", 1)));
    assert_false(money_equal(of("CNY", 1), of("CNY", 2)));
    assert_int_equal(result.minor, 7);
}

UNIT_TESTS(only_codes_of_iso_4217_are_currencies, sums_and_differences_are_exact,
           what_does_not_fit_is_refused_and_leaves_the_result_alone, the_last_amounts_that_fit_do,
           currencies_do_not_mix)
