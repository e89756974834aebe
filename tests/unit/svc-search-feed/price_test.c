#include "svc-search-feed/price.h"

#include "tests/unit/unit.h"

static struct price_window window(enum price_kind kind, int64_t minor, int64_t from_us,
                                  int64_t to_us)
{
    return (struct price_window){
        .kind = kind, .amount = {"EUR", minor}, .from_us = from_us, .to_us = to_us, .version = 1};
}

static int64_t at(const struct price_window *windows, size_t count, int64_t now_us)
{
    const struct price_list list = {windows, count};
    struct money money = {"EUR", -1};

    return price_at(&list, now_us, &money) ? money.minor : -1;
}

static void a_window_begins_at_its_start_and_ends_before_its_end(void **state)
{
    const struct price_window windows[] = {window(PRICE_BASE, 100, 10, 20)};

    assert_int_equal(at(windows, 1, 9), -1);
    assert_int_equal(at(windows, 1, 10), 100);
    assert_int_equal(at(windows, 1, 19), 100);
    assert_int_equal(at(windows, 1, 20), -1);
    assert_int_equal(at(windows, 0, 15), -1);
}

static void a_sale_goes_before_the_base_price_even_if_dearer(void **state)
{
    const struct price_window windows[] = {
        window(PRICE_SALE, 150, 10, 20),
        window(PRICE_BASE, 100, 0, 0),
    };

    assert_int_equal(at(windows, 2, 5), 100);
    assert_int_equal(at(windows, 2, 10), 150);
    assert_int_equal(at(windows, 2, 20), 100);
}

static void of_one_kind_the_one_set_last_decides(void **state)
{
    struct price_window windows[] = {
        window(PRICE_BASE, 100, 0, 0),
        window(PRICE_BASE, 90, 0, 0),
        window(PRICE_BASE, 80, 0, 0),
    };

    windows[1].version = 7;
    assert_int_equal(at(windows, 3, 5), 90);
}

static void the_next_edge_is_the_soonest_to_come(void **state)
{
    const struct price_window windows[] = {
        window(PRICE_BASE, 100, 5, 0),
        window(PRICE_SALE, 80, 30, 40),
        window(PRICE_SALE, 70, 10, 20),
    };
    const struct price_list list = {windows, 3};

    assert_int_equal(price_next_edge(&list, 0), 5);
    assert_int_equal(price_next_edge(&list, 5), 10);
    assert_int_equal(price_next_edge(&list, 10), 20);
    assert_int_equal(price_next_edge(&list, 25), 30);
    assert_int_equal(price_next_edge(&list, 39), 40);
    assert_int_equal(price_next_edge(&list, 40), 0);
}

static void the_lowest_is_of_the_first_ones_currency(void **state)
{
    const struct money prices[] = {{"EUR", 300}, {"JPY", 10}, {"EUR", 200}};
    struct money lowest = {"XXX", 0};

    assert_false(price_lowest(prices, 0, &lowest));
    assert_string_equal(lowest.currency, "XXX");
    assert_true(price_lowest(prices, 3, &lowest));
    assert_int_equal(lowest.minor, 200);
    assert_string_equal(lowest.currency, "EUR");
}

static void steps_are_one_two_five(void **state)
{
    const struct {
        int64_t minor, step;
    } rows[] = {
        {0, 0},       {99, 0},
        {100, 100},   {199, 100},
        {200, 200},   {499, 200},
        {500, 500},   {999, 500},
        {1000, 1000}, {1000000000000, 1000000000000},
        {-5, 0},      {INT64_MAX, 5000000000000000000},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_true(price_step(rows[i].minor) == rows[i].step);
}

UNIT_TESTS(a_window_begins_at_its_start_and_ends_before_its_end,
           a_sale_goes_before_the_base_price_even_if_dearer, of_one_kind_the_one_set_last_decides,
           the_next_edge_is_the_soonest_to_come, the_lowest_is_of_the_first_ones_currency,
           steps_are_one_two_five)
