#include "svc-pricing/effective_price.h"
#include "tests/unit/unit.h"

static struct price prices[] = {
    {.kind = PRICE_BASE,
     .amount_minor = 500,
     .from_us = 100,
     .to_us = PRICE_FOREVER_US,
     .version = 1},
    {.kind = PRICE_SALE, .amount_minor = 400, .from_us = 200, .to_us = 300, .version = 3},
};
static struct priced_sku skus_of_two[] = {
    {.sku = {.sku_id = 7, .currency = "EUR", .version = 4}, .list = {prices, ARRAY_LEN(prices)}},
    {.sku = {.sku_id = 9, .currency = "JPY", .version = 1}, .list = {prices, 1}},
};
static const struct priced_skus skus = {skus_of_two, ARRAY_LEN(skus_of_two)};

static void a_sale_price_goes_before_the_base_price(void **state)
{
    struct effective_price price;

    assert_true(effective_price_find(&skus, 7, 200, &price));
    assert_int_equal(price.amount.minor, 400);
    assert_int_equal(price.base.minor, 500);
    assert_int_equal(price.kind, PRICE_SALE);
    assert_int_equal(price.price_version, 3);
    assert_int_equal(price.version, 4);
    assert_string_equal(price.amount.currency, "EUR");
}

static void without_a_sale_the_base_price_decides(void **state)
{
    struct effective_price price;

    assert_true(effective_price_find(&skus, 7, 300, &price));
    assert_int_equal(price.amount.minor, 500);
    assert_int_equal(price.kind, PRICE_BASE);
    assert_int_equal(price.price_version, 1);
    assert_true(effective_price_find(&skus, 9, 250, &price));
    assert_int_equal(price.amount.minor, 500);
    assert_string_equal(price.base.currency, "JPY");
}

static void no_price_is_no_answer(void **state)
{
    const struct priced_skus nobody = {0};
    struct effective_price price = {.sku_id = 77};

    assert_false(effective_price_find(&skus, 7, 99, &price));
    assert_false(effective_price_find(&skus, 8, 200, &price));
    assert_false(effective_price_find(&nobody, 7, 200, &price));
    assert_int_equal(price.sku_id, 77);
}

UNIT_TESTS(a_sale_price_goes_before_the_base_price, without_a_sale_the_base_price_decides,
           no_price_is_no_answer)
