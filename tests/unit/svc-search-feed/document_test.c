#include "svc-search-feed/document.h"

#include "tests/unit/unit.h"

static const struct price_window window_9_eur = {
    .kind = PRICE_BASE, .amount = {"EUR", 900}, .version = 1};
static const struct price_window window_7_eur_until_50 = {
    .kind = PRICE_SALE, .amount = {"EUR", 700}, .to_us = 50, .version = 2};
static const struct price_list one_price = {&window_9_eur, 1};
static const struct price_list no_price = {0};

static void only_what_is_newer_is_taken(void **state)
{
    struct sku sku = {.sku_id = 1};

    assert_true(sku_take_prices(&sku, "two", 3, 2));
    assert_false(sku_take_prices(&sku, "one", 3, 1));
    assert_false(sku_take_prices(&sku, "again", 5, 2));
    assert_string_equal(sku.prices, "two");
    assert_int_equal(sku.price_version, 2);

    assert_true(sku_take_stock(&sku, false, 5, 3));
    assert_false(sku_take_stock(&sku, false, 9, 3));
    assert_false(sku_take_stock(&sku, true, 0, 1));
    assert_int_equal(sku.free, 5);
    assert_false(sku.is_unlimited);
}

/* Each stream has versions of its own: the order in which they come does not matter. */
static void all_orders_end_the_same(void **state)
{
    struct sku price_first = {.sku_id = 1}, stock_first = {.sku_id = 1};

    assert_true(sku_take_prices(&price_first, "p", 1, 1));
    assert_true(sku_take_stock(&price_first, false, 4, 9));
    assert_true(sku_take_stock(&stock_first, false, 4, 9));
    assert_true(sku_take_prices(&stock_first, "p", 1, 1));
    assert_int_equal(price_first.price_version, stock_first.price_version);
    assert_int_equal(price_first.stock_version, stock_first.stock_version);
    assert_int_equal(price_first.free, stock_first.free);
    assert_string_equal(price_first.prices, stock_first.prices);
}

static void a_document_has_the_cheapest_price_and_any_stock(void **state)
{
    const struct price_window window_8_eur = {
        .kind = PRICE_BASE, .amount = {"EUR", 800}, .version = 1};
    const struct price_list prices[] = {one_price, {&window_8_eur, 1}, no_price};
    const struct sku skus[] = {
        {.sku_id = 1, .free = 0}, {.sku_id = 2, .free = 0}, {.sku_id = 3, .is_unlimited = true}};
    const struct item item = {.item_id = 7, .title = "T"};

    const struct document all = document_make(&item, skus, prices, 3, 10);
    assert_true(all.is_priced);
    assert_int_equal(all.price_from.minor, 800);
    assert_true(all.in_stock);
    assert_int_equal(all.stale_us, 0);
    assert_int_equal(all.item.item_id, 7);

    const struct document two = document_make(&item, skus, prices, 2, 10);
    assert_false(two.in_stock);
    const struct document none = document_make(&item, skus, prices, 0, 10);
    assert_false(none.is_priced);
    assert_false(none.in_stock);
}

static void what_its_seller_calls_sold_out_is_not_in_stock(void **state)
{
    const struct sku sku = {.sku_id = 1, .free = 4};
    const struct item item = {.item_id = 7, .status = ITEM_OUT_OF_STOCK};

    const struct document document = document_make(&item, &sku, &one_price, 1, 10);
    assert_false(document.in_stock);
    assert_true(document.is_priced);
}

static void a_document_is_stale_at_its_next_price_edge(void **state)
{
    const struct price_window windows[] = {window_9_eur, window_7_eur_until_50};
    const struct price_list prices[] = {one_price, {windows, 2}};
    const struct sku skus[] = {{.sku_id = 1, .free = 1}, {.sku_id = 2, .free = 1}};
    const struct item item = {.item_id = 7};

    const struct document before = document_make(&item, skus, prices, 2, 49);
    assert_int_equal(before.price_from.minor, 700);
    assert_int_equal(before.stale_us, 50);
    const struct document after = document_make(&item, skus, prices, 2, 50);
    assert_int_equal(after.price_from.minor, 900);
    assert_int_equal(after.stale_us, 0);
}

static void pauses_double_up_to_a_limit(void **state)
{
    assert_int_equal(document_pause_us(0), 1000000);
    assert_int_equal(document_pause_us(1), 2000000);
    assert_int_equal(document_pause_us(9), 512000000);
    assert_int_equal(document_pause_us(1000), 512000000);
}

UNIT_TESTS(only_what_is_newer_is_taken, all_orders_end_the_same,
           a_document_has_the_cheapest_price_and_any_stock,
           what_its_seller_calls_sold_out_is_not_in_stock,
           a_document_is_stale_at_its_next_price_edge, pauses_double_up_to_a_limit)
