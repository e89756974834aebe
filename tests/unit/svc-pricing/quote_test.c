#include "svc-pricing/quote.h"
#include "tests/unit/unit.h"

static struct quote_line line(int64_t sku_id, int64_t quantity, int64_t base, int64_t amount)
{
    return (struct quote_line){
        .sku_id = sku_id,
        .quantity = quantity,
        .price = {.base = {"EUR", base}, .amount = {"EUR", amount}},
    };
}

static void totals_are_the_sums_of_what_explains_them(void **state)
{
    struct quote_line lines[] = {line(1, 3, 1999, 1999), line(2, 2, 1000, 799),
                                 line(3, 1, 100, 150)};
    struct quote quote = {.lines = lines, .line_count = ARRAY_LEN(lines)};

    assert_ok(quote_work_out(&quote));
    assert_int_equal(lines[0].subtotal.minor, 5997);
    assert_int_equal(lines[0].adjustment.minor, 0);
    assert_int_equal(lines[0].total.minor, 5997);
    assert_int_equal(lines[1].subtotal.minor, 2000);
    assert_int_equal(lines[1].adjustment.minor, -402);
    assert_int_equal(lines[1].total.minor, 1598);
    assert_int_equal(lines[2].adjustment.minor, 50); /* a sale price may be higher */
    assert_int_equal(quote.subtotal.minor, 5997 + 2000 + 100);
    assert_int_equal(quote.adjustment.minor, -402 + 50);
    assert_int_equal(quote.total.minor, quote.subtotal.minor + quote.adjustment.minor);
    assert_string_equal(quote.total.currency, "EUR");
}

static void the_largest_order_of_the_contract_fits(void **state)
{
    static struct quote_line lines[QUOTE_LINES_MAX];
    struct quote quote = {.lines = lines, .line_count = QUOTE_LINES_MAX};

    for (int i = 0; i < QUOTE_LINES_MAX; i++)
        lines[i] = line(i + 1, 10000, PRICE_AMOUNT_MAX, 1);
    assert_ok(quote_work_out(&quote));
    assert_int_equal(quote.subtotal.minor, PRICE_AMOUNT_MAX * 10000 * QUOTE_LINES_MAX);
    assert_int_equal(quote.total.minor, 10000LL * QUOTE_LINES_MAX);
}

static void a_sum_that_does_not_fit_is_refused(void **state)
{
    struct quote_line one[] = {line(1, 3, INT64_MAX / 2, 1)};
    struct quote_line two[] = {line(1, 1, INT64_MAX, INT64_MAX), line(2, 1, 1, 1)};
    struct quote_line edge[] = {line(1, 1, INT64_MAX - 1, INT64_MAX - 1), line(2, 1, 1, 1)};
    struct quote line_too_large = {.lines = one, .line_count = 1};
    struct quote total_too_large = {.lines = two, .line_count = 2};
    struct quote just_fits = {.lines = edge, .line_count = 2};

    assert_reason(quote_work_out(&line_too_large), "MONEY_OVERFLOW");
    assert_reason(quote_work_out(&total_too_large), "MONEY_OVERFLOW");
    assert_ok(quote_work_out(&just_fits));
    assert_int_equal(just_fits.total.minor, INT64_MAX);
}

static void an_order_has_one_currency(void **state)
{
    struct quote_line lines[] = {line(1, 1, 100, 100), line(2, 1, 100, 100)};
    struct quote quote = {.lines = lines, .line_count = 2};

    lines[1].price.base = lines[1].price.amount = (struct money){"JPY", 100};
    assert_reason(quote_work_out(&quote), "MIXED_CURRENCIES");
}

static void a_sku_is_in_one_line(void **state)
{
    struct quote_line lines[] = {line(1, 1, 1, 1), line(2, 1, 1, 1), line(1, 1, 1, 1)};
    const struct quote twice = {.lines = lines, .line_count = 3};
    const struct quote once = {.lines = lines, .line_count = 2};

    assert_reason(quote_check_lines(&twice), "DUPLICATE_LINE");
    assert_ok(quote_check_lines(&once));
}

UNIT_TESTS(totals_are_the_sums_of_what_explains_them, the_largest_order_of_the_contract_fits,
           a_sum_that_does_not_fit_is_refused, an_order_has_one_currency, a_sku_is_in_one_line)
