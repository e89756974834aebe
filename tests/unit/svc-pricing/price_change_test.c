#include "svc-pricing/price_change.h"
#include "tests/unit/unit.h"

#define OPEN PRICE_FOREVER_US

static struct price price(enum price_kind kind, int64_t amount, int64_t from_us, int64_t to_us)
{
    return (struct price){.kind = kind, .amount_minor = amount, .from_us = from_us, .to_us = to_us};
}

static void it_names_what_was_valid_when_it_starts(void **state)
{
    struct price prices[] = {
        price(PRICE_BASE, 10, 0, 200),
        price(PRICE_BASE, 12, 200, OPEN),
        price(PRICE_SALE, 8, 100, 150),
    };
    const struct price_list before = {.prices = prices, .count = ARRAY_LEN(prices)};
    const struct {
        struct price want;
        int64_t old;
    } rows[] = {
        {price(PRICE_BASE, 9, 199, OPEN), 10},        {price(PRICE_BASE, 9, 200, OPEN), 12},
        {price(PRICE_SALE, 7, 100, 300), 8},          {price(PRICE_SALE, 7, 99, 300), PRICE_NONE},
        {price(PRICE_SALE, 7, 150, 300), PRICE_NONE},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct price_change change = price_change_make(&rows[i].want, &before, "why");
        assert_int_equal(change.old_amount_minor, rows[i].old);
        assert_int_equal(change.price.amount_minor, rows[i].want.amount_minor);
        assert_string_equal(change.comment, "why");
    }
}

static void the_first_price_replaces_nothing(void **state)
{
    const struct price first = price(PRICE_BASE, 9, 100, OPEN);
    const struct price_list nothing = {0};

    (void)state;
    assert_int_equal(price_change_make(&first, &nothing, "").old_amount_minor, PRICE_NONE);
}

UNIT_TESTS(it_names_what_was_valid_when_it_starts, the_first_price_replaces_nothing)
