#include "svc-cart/cart.h"
#include "tests/unit/unit.h"

static struct cart_line room[CART_LINES_MAX];

/* As it is read from the database: nothing is marked. */
static struct cart cart_of(size_t count, const struct cart_line *lines)
{
    if (count)
        memcpy(room, lines, count * sizeof *lines);
    return (struct cart){.user_id = 1, .version = 5, .lines = room, .count = count};
}

static struct cart_line line(int64_t sku_id, int64_t quantity)
{
    return (struct cart_line){.sku_id = sku_id, .item_id = 70, .quantity = quantity};
}

static struct cart cart_of_two(void)
{
    const struct cart_line lines[] = {line(7, 2), line(8, 1)};
    return cart_of(2, lines);
}

static void what_is_put_in_is_a_selected_line_at_the_end(void **state)
{
    struct cart cart = cart_of_two();
    struct cart_line want = line(9, 3);

    want.price = (struct money){"EUR", 100};
    assert_ok(cart_add(&cart, &want));
    const struct cart_line *added = cart_find(&cart, 9);
    assert_ptr_equal(added, &cart.lines[2]);
    assert_int_equal(added->quantity, 3);
    assert_int_equal(added->price.minor, 100);
    assert_true(added->selected);
    assert_int_equal(added->position, 6);
    assert_int_equal(added->mark, CART_LINE_CHANGED);
    assert_int_equal(cart.version, 6);
    assert_true(cart.changed);
    assert_int_equal(cart.lines[0].mark, CART_LINE_SAME);
}

static void more_of_a_sku_is_the_same_line(void **state)
{
    struct cart cart = cart_of_two();
    struct cart_line more = line(7, 3);

    more.price = (struct money){"EUR", 90};
    more.item_id = 71;
    assert_ok(cart_add(&cart, &more));
    assert_int_equal(cart.count, 2);
    assert_int_equal(cart.lines[0].quantity, 5);
    assert_int_equal(cart.lines[0].price.minor, 90);
    assert_int_equal(cart.lines[0].item_id, 71);
    assert_true(cart.lines[0].selected);
    assert_int_equal(cart.version, 6);
}

static void a_price_that_is_not_known_leaves_the_old_one(void **state)
{
    struct cart cart = cart_of_two();
    const struct cart_line more = line(7, 1);

    cart.lines[0].price = (struct money){"EUR", 90};
    assert_ok(cart_add(&cart, &more));
    assert_int_equal(cart.lines[0].price.minor, 90);
}

static void a_line_holds_so_many_and_no_more(void **state)
{
    struct cart cart = cart_of_two();
    const struct cart_line fits = line(7, CART_QUANTITY_MAX - 2);
    const struct cart_line one = line(7, 1);

    assert_ok(cart_add(&cart, &fits));
    assert_reason(cart_add(&cart, &one), "QUANTITY_TOO_LARGE");
    assert_int_equal(cart.lines[0].quantity, CART_QUANTITY_MAX);
}

static void a_full_cart_takes_more_of_what_is_in_it_only(void **state)
{
    struct cart cart = cart_of(0, NULL);
    const struct cart_line in_it = line(1, 1), one_more = line(1000, 1);

    for (int i = 1; i <= CART_LINES_MAX; i++) {
        const struct cart_line want = line(i, 1);
        assert_ok(cart_add(&cart, &want));
    }
    assert_reason(cart_add(&cart, &one_more), "CART_FULL");
    assert_ok(cart_add(&cart, &in_it));
    assert_int_equal(cart.count, CART_LINES_MAX);
}

static void only_who_saw_the_present_version_may_change_it(void **state)
{
    const struct cart cart = cart_of_two();

    assert_ok(cart_check_version(&cart, 5));
    assert_reason(cart_check_version(&cart, 4), "VERSION_MISMATCH");
    assert_reason(cart_check_version(&cart, 6), "VERSION_MISMATCH");
}

static void a_quantity_is_set(void **state)
{
    struct cart cart = cart_of_two();

    assert_ok(cart_set_quantity(&cart, 8, 4));
    assert_int_equal(cart.lines[1].quantity, 4);
    assert_int_equal(cart.lines[1].mark, CART_LINE_CHANGED);
    assert_int_equal(cart.version, 6);
    assert_reason(cart_set_quantity(&cart, 9, 4), "LINE_UNKNOWN");
}

static void what_changes_nothing_leaves_the_version(void **state)
{
    struct cart cart = cart_of_two();
    const int64_t not_there[] = {9};

    assert_ok(cart_set_quantity(&cart, 7, 2));
    assert_ok(cart_select(&cart, NULL, 0));
    cart_remove(&cart, not_there, 1);
    assert_false(cart.changed);
    assert_int_equal(cart.version, 5);
    cart.count = 0;
    cart_clear(&cart);
    assert_false(cart.changed);
}

static void exactly_the_named_lines_are_selected(void **state)
{
    struct cart cart = cart_of_two();
    const int64_t both[] = {8, 7, 8}, second[] = {8}, stranger[] = {7, 9};

    assert_ok(cart_select(&cart, both, 3));
    assert_true(cart.lines[0].selected && cart.lines[1].selected);
    assert_ok(cart_select(&cart, second, 1));
    assert_false(cart.lines[0].selected);
    assert_true(cart.lines[1].selected);
    assert_reason(cart_select(&cart, stranger, 2), "LINE_UNKNOWN");
    assert_false(cart.lines[0].selected);
    assert_ok(cart_select(&cart, NULL, 0));
    assert_false(cart.lines[1].selected);
}

static void what_is_removed_is_not_found_again(void **state)
{
    struct cart cart = cart_of_two();
    const int64_t ids[] = {7, 9, 7};

    cart_remove(&cart, ids, 3);
    assert_null(cart_find(&cart, 7));
    assert_non_null(cart_find(&cart, 8));
    assert_int_equal(cart.lines[0].mark, CART_LINE_REMOVED);
    assert_int_equal(cart.version, 6);
    assert_reason(cart_set_quantity(&cart, 7, 1), "LINE_UNKNOWN");
}

static void many_changes_of_one_request_are_one_version(void **state)
{
    struct cart cart = cart_of_two();

    cart_clear(&cart);
    assert_int_equal(cart.lines[0].mark, CART_LINE_REMOVED);
    assert_int_equal(cart.lines[1].mark, CART_LINE_REMOVED);
    assert_int_equal(cart.version, 6);
}

UNIT_TESTS(what_is_put_in_is_a_selected_line_at_the_end, more_of_a_sku_is_the_same_line,
           a_price_that_is_not_known_leaves_the_old_one, a_line_holds_so_many_and_no_more,
           a_full_cart_takes_more_of_what_is_in_it_only,
           only_who_saw_the_present_version_may_change_it, a_quantity_is_set,
           what_changes_nothing_leaves_the_version, exactly_the_named_lines_are_selected,
           what_is_removed_is_not_found_again, many_changes_of_one_request_are_one_version)
