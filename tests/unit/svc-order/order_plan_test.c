#include "svc-order/order_plan.h"
#include "tests/unit/unit.h"

static const int64_t order_ids[] = {101, 102, 103};

static struct money eur(int64_t minor)
{
    return (struct money){.currency = "EUR", .minor = minor};
}

static struct plan_line line(int64_t sku_id, int64_t shop_id, int64_t quantity, int64_t base,
                             int64_t total)
{
    return (struct plan_line){
        .item_id = sku_id * 10,
        .sku_id = sku_id,
        .quantity = quantity,
        .shop_id = shop_id,
        .item_title = "item",
        .sku_title = "sku",
        .base = eur(base),
        .total = eur(total),
    };
}

static struct status plan(const struct plan_line *lines, size_t count, const char *address,
                          struct arena *arena, struct order **ret, size_t *ret_count)
{
    const struct plan_input input = {
        .user_id = 7,
        .pay_order_id = 9,
        .order_ids = order_ids,
        .lines = lines,
        .line_count = count,
        .address = address,
        .address_size = address ? strlen(address) : 0,
        .note = "",
    };
    return order_plan(&input, arena, ret, ret_count);
}

static void one_order_for_each_shop_in_the_order_of_the_lines(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 20);
    const struct plan_line lines[] = {line(1, 50, 2, 1000, 2000), line(2, 60, 1, 500, 400),
                                      line(3, 50, 1, 300, 300)};
    struct order *orders;
    size_t count;

    assert_ok(plan(lines, 3, NULL, arena, &orders, &count));
    assert_int_equal(count, 2);
    assert_int_equal(orders[0].order_id, 101);
    assert_int_equal(orders[0].shop_id, 50);
    assert_int_equal(orders[0].line_count, 2);
    assert_int_equal(orders[0].lines[1].sku_id, 3);
    assert_int_equal(orders[0].total.minor, 2300);
    assert_int_equal(orders[1].order_id, 102);
    assert_int_equal(orders[1].shop_id, 60);
    assert_int_equal(orders[1].subtotal.minor, 500);
    assert_int_equal(orders[1].adjustment.minor, -100);
    assert_int_equal(orders[1].total.minor, 400);
}

static void the_orders_together_cost_what_was_quoted(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 20);
    const struct plan_line lines[] = {line(1, 50, 3, 999, 2500), line(2, 60, 7, 13, 91)};
    struct order *orders;
    size_t count;
    int64_t total = 0;

    assert_ok(plan(lines, 2, NULL, arena, &orders, &count));
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(orders[i].subtotal.minor + orders[i].adjustment.minor,
                         orders[i].total.minor);
        total += orders[i].total.minor;
    }
    assert_int_equal(total, 2591);
}

static void an_address_goes_only_with_what_is_shipped(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 20);
    struct plan_line lines[] = {line(1, 50, 1, 100, 100), line(2, 60, 1, 100, 100)};
    struct order *orders;
    size_t count;

    lines[1].physical = true;
    assert_reason(plan(lines, 2, NULL, arena, &orders, &count), "ADDRESS_MISSING");
    assert_ok(plan(lines, 2, "an address", arena, &orders, &count));
    assert_null(orders[0].address);
    assert_false(orders[0].physical);
    assert_non_null(orders[1].address);
    assert_true(orders[1].physical);
}

static void amounts_that_do_not_fit_are_refused(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 20);
    const struct plan_line huge[] = {line(1, 50, 10000, INT64_MAX / 100, 1)};
    struct plan_line mixed[] = {line(1, 50, 1, 100, 100), line(2, 50, 1, 100, 100)};
    struct order *orders;
    size_t count;

    memcpy(mixed[1].base.currency, "CNY", 4);
    memcpy(mixed[1].total.currency, "CNY", 4);
    assert_reason(plan(huge, 1, NULL, arena, &orders, &count), "MONEY_OVERFLOW");
    assert_reason(plan(mixed, 2, NULL, arena, &orders, &count), "CURRENCY_MISMATCH");
}

/* A saga plans several times in one arena of 16 MiB. */
static void as_many_shops_as_lines_take_little_memory(void **state)
{
    enum { PLAN_MEMORY_MAX = 128 * 1024 };
    AUTO(arena_freep) struct arena *arena = arena_new(PLAN_MEMORY_MAX);
    struct plan_line lines[ORDER_LINES_MAX];
    int64_t ids[ORDER_LINES_MAX];
    struct order *orders;
    size_t count;

    for (int i = 0; i < ORDER_LINES_MAX; i++) {
        lines[i] = line(i + 1, i + 50, 1, 100, 100);
        ids[i] = i + 101;
    }
    const struct plan_input input = {
        .order_ids = ids, .lines = lines, .line_count = ORDER_LINES_MAX, .note = ""};
    assert_ok(order_plan(&input, arena, &orders, &count));
    assert_int_equal(count, ORDER_LINES_MAX);
    assert_int_equal(orders[199].lines[0].sku_id, 200);
}

UNIT_TESTS(one_order_for_each_shop_in_the_order_of_the_lines,
           the_orders_together_cost_what_was_quoted, an_address_goes_only_with_what_is_shipped,
           amounts_that_do_not_fit_are_refused, as_many_shops_as_lines_take_little_memory)
