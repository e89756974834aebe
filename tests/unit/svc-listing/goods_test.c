#include "tests/unit/svc-listing/goods_kit.h"

static char *wrong(struct arena *arena, const struct sku *skus, size_t count, const char **reason)
{
    const struct goods goods = {.skus = skus, .sku_count = count};
    struct violations *v = violations_new(arena);
    goods_check(&goods, v);
    const struct status st = violations_status(v);
    *reason = st.reason ? st.reason : "OK";
    return kit_text(v);
}

static void good_goods_are_fine(void **state)
{
    WITH_ARENA;
    const char *reason;
    const struct sku skus[] = {kit_sku("A", 1), kit_sku("B", 0)};
    assert_string_equal(wrong(arena, skus, 2, &reason), "");
    assert_string_equal(reason, "OK");
}

static void each_sku_code_is_there_once(void **state)
{
    WITH_ARENA;
    const char *reason;
    const struct sku skus[] = {kit_sku("A", 1), kit_sku("B", 1), kit_sku("A", 1)};
    assert_string_equal(wrong(arena, skus, 3, &reason),
                        "draft.skus[2].sku_code is that of skus[0] too");
    assert_string_equal(reason, "INVALID_FIELD");
}

static void a_currency_must_be_known(void **state)
{
    WITH_ARENA;
    const char *reason;
    struct sku sku = kit_sku("A", 1);
    memcpy(sku.price.currency, "ZZZ", 4);
    assert_string_equal(wrong(arena, &sku, 1, &reason),
                        "draft.skus[0].base_price.currency ZZZ is no currency");
    assert_string_equal(reason, "CURRENCY_UNKNOWN");
}

static void all_skus_have_one_currency(void **state)
{
    WITH_ARENA;
    const char *reason;
    struct sku skus[] = {kit_sku("A", 1), kit_sku("B", 1)};
    memcpy(skus[1].price.currency, "EUR", 4);
    assert_string_equal(wrong(arena, skus, 2, &reason),
                        "draft.skus[1].base_price.currency must be the same in all SKUs");
    assert_string_equal(reason, "CURRENCY_MISMATCH");
}

static void no_price_is_negative(void **state)
{
    WITH_ARENA;
    const char *reason;
    const struct sku sku = kit_sku("A", -1);
    assert_string_equal(wrong(arena, &sku, 1, &reason),
                        "draft.skus[0].base_price.minor must not be negative");
}

static void what_is_unlimited_has_no_stock(void **state)
{
    WITH_ARENA;
    const char *reason;
    struct sku sku = kit_sku("A", 1);
    sku.unlimited = true;
    assert_string_equal(wrong(arena, &sku, 1, &reason), "");
    sku.stock = 1;
    assert_string_equal(wrong(arena, &sku, 1, &reason),
                        "draft.skus[0].stock_quantity must be 0 for an unlimited SKU");
}

static void a_skus_own_attribute_goes_first(void **state)
{
    const struct sku skus[] = {{.code = "A", .attributes = LIST(TEXT("color", "red"))},
                               {.code = "B"}};
    const struct goods goods = {
        .attributes = LIST(TEXT("color", "blue")), .skus = skus, .sku_count = 2};
    assert_string_equal(goods_attribute(&goods, &skus[0], "color")->text, "red");
    assert_string_equal(goods_attribute(&goods, &skus[1], "color")->text, "blue");
    assert_null(goods_attribute(&goods, &skus[1], "size"));
}

UNIT_TESTS(good_goods_are_fine, each_sku_code_is_there_once, a_currency_must_be_known,
           all_skus_have_one_currency, no_price_is_negative, what_is_unlimited_has_no_stock,
           a_skus_own_attribute_goes_first)
