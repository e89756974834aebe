#include "svc-cart/goods.h"
#include "tests/unit/unit.h"

enum { ALL = GOODS_LISTING | GOODS_PRICING | GOODS_INVENTORY };

static const struct cart_line line = {
    .sku_id = 7, .quantity = 3, .selected = true, .price = {"EUR", 100}};
static const struct goods fine = {.listed = GOODS_ONLINE, .price = {"EUR", 100}, .free = 3};

static struct line_view view_of(const struct goods *goods, unsigned answered)
{
    return line_view_make(&line, goods, answered);
}

/* The changes as letters: P, L, S, N. */
static const char *changes(const struct line_view *view)
{
    static char text[LINE_CHANGE_KINDS + 1];
    size_t length = 0;

    for (int kind = 0; kind < LINE_CHANGE_KINDS; kind++)
        if (view->changed[kind])
            text[length++] = "PLSN"[kind];
    text[length] = '\0';
    return text;
}

static void a_line_that_can_be_bought_as_it_was_has_no_changes(void **state)
{
    const struct line_view view = view_of(&fine, ALL);

    assert_string_equal(changes(&view), "");
    assert_int_equal(view.total.minor, 300);
    assert_string_equal(view.total.currency, "EUR");
}

static void what_a_customer_should_know_is_a_change(void **state)
{
    static const struct {
        struct goods goods;
        const char *changes;
    } rows[] = {
        {{.listed = GOODS_ONLINE, .price = {"EUR", 101}, .free = 3}, "P"},
        {{.listed = GOODS_ONLINE, .price = {"EUR", 99}, .free = 3}, "P"},
        {{.listed = GOODS_ONLINE, .price = {"JPY", 100}, .free = 3}, "P"},
        {{.listed = GOODS_ONLINE, .free = 3}, ""}, /* no price at all is no new price */
        {{.listed = GOODS_ONLINE, .price = {"EUR", 100}, .free = 2}, "L"},
        {{.listed = GOODS_ONLINE, .price = {"EUR", 100}, .free = 1}, "L"},
        {{.listed = GOODS_ONLINE, .price = {"EUR", 100}, .free = 0}, "S"},
        {{.listed = GOODS_ONLINE, .price = {"EUR", 100}, .unlimited = true}, ""},
        {{.listed = GOODS_OFF_SALE, .price = {"EUR", 100}, .free = 3}, "N"},
        {{.listed = GOODS_SOLD_OUT, .price = {"EUR", 100}, .free = 0}, "S"},
        {{.listed = GOODS_SOLD_OUT, .price = {"EUR", 100}, .free = 2}, "S"},
        {{.listed = GOODS_SOLD_OUT, .price = {"EUR", 100}, .unlimited = true}, "S"},
        {{.listed = GOODS_SKU_UNKNOWN, .price = {"EUR", 100}, .free = 3}, "N"},
        {{.listed = GOODS_ITEM_UNKNOWN, .price = {"EUR", 5}, .free = 0}, "PSN"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct line_view view = view_of(&rows[i].goods, ALL);
        assert_string_equal(changes(&view), rows[i].changes);
    }
}

static void who_did_not_answer_says_nothing(void **state)
{
    static const struct goods nothing = {0};
    const struct line_view none = view_of(&nothing, 0);
    const struct line_view stock_only = view_of(&nothing, GOODS_INVENTORY);
    const struct line_view listing_only = view_of(&nothing, GOODS_LISTING);

    assert_string_equal(changes(&none), "");
    assert_string_equal(none.total.currency, "");
    assert_string_equal(changes(&stock_only), "S");
    assert_string_equal(changes(&listing_only), "N");
}

static void a_price_never_seen_cannot_have_changed(void **state)
{
    const struct cart_line without_price = {.sku_id = 7, .quantity = 2};
    const struct line_view view = line_view_make(&without_price, &fine, ALL);

    assert_string_equal(changes(&view), "");
    assert_int_equal(view.total.minor, 200);
}

static void the_total_is_of_what_is_selected_and_can_be_bought(void **state)
{
    static const struct cart_line unselected = {.sku_id = 8, .quantity = 1};
    static const struct goods off = {.listed = GOODS_OFF_SALE, .price = {"EUR", 1}, .free = 9};
    static const struct goods out = {.listed = GOODS_ONLINE, .price = {"EUR", 1}, .free = 0};
    static const struct goods low = {.listed = GOODS_ONLINE, .price = {"EUR", 20}, .free = 1};
    static const struct goods unpriced = {.listed = GOODS_ONLINE, .free = 9};
    const struct line_view views[] = {
        line_view_make(&line, &fine, ALL), line_view_make(&unselected, &fine, ALL),
        line_view_make(&line, &off, ALL),  line_view_make(&line, &out, ALL),
        line_view_make(&line, &low, ALL),  line_view_make(&line, &unpriced, ALL),
    };
    struct money total;

    assert_true(line_views_total(views, ARRAY_LEN(views), &total));
    assert_int_equal(total.minor, 300 + 60);
    assert_string_equal(total.currency, "EUR");
}

static void without_a_sum_there_is_no_total(void **state)
{
    static const struct goods yen = {.listed = GOODS_ONLINE, .price = {"JPY", 5}, .free = 9};
    static const struct goods huge = {
        .listed = GOODS_ONLINE, .price = {"EUR", INT64_MAX / 3}, .free = 9};
    static const struct goods too_huge = {
        .listed = GOODS_ONLINE, .price = {"EUR", INT64_MAX}, .free = 9};
    const struct line_view mixed[] = {view_of(&fine, ALL), view_of(&yen, ALL)};
    const struct line_view overflow[] = {view_of(&fine, ALL), view_of(&huge, ALL)};
    const struct line_view not_a_total = view_of(&too_huge, ALL);
    struct money total = {"EUR", 77};

    assert_false(line_views_total(mixed, 2, &total));
    assert_false(line_views_total(overflow, 2, &total));
    assert_false(line_views_total(&not_a_total, 1, &total));
    assert_false(line_views_total(mixed, 0, &total));
    assert_int_equal(total.minor, 77);
}

UNIT_TESTS(a_line_that_can_be_bought_as_it_was_has_no_changes,
           what_a_customer_should_know_is_a_change, who_did_not_answer_says_nothing,
           a_price_never_seen_cannot_have_changed,
           the_total_is_of_what_is_selected_and_can_be_bought, without_a_sum_there_is_no_total)
