#include "svc-pricing/sku_price.h"
#include "tests/unit/unit.h"

static const struct money ten_euro = {"EUR", 1000};
static const struct money ten_yen = {"JPY", 10};

static void the_first_price_fixes_owner_and_currency(void **state)
{
    struct sku_price sku = sku_price_new(7, &ten_euro, 5, 6);

    assert_ok(sku_price_change(&sku, 0, &ten_euro));
    assert_int_equal(sku.version, 1);
    assert_int_equal(sku.event_version, 1);
    assert_int_equal(sku.shop_id, 5);
    assert_int_equal(sku.supplier_id, 6);
    assert_reason(sku_price_change(&sku, 1, &ten_yen), "CURRENCY_MISMATCH");
    assert_int_equal(sku.version, 1);
}

static void only_who_saw_the_present_version_may_change_it(void **state)
{
    struct sku_price sku = sku_price_new(7, &ten_euro, 5, 6);

    assert_reason(sku_price_change(&sku, 1, &ten_euro), "VERSION_MISMATCH");
    assert_ok(sku_price_change(&sku, 0, &ten_euro));
    assert_reason(sku_price_change(&sku, 0, &ten_euro), "VERSION_MISMATCH");
    assert_ok(sku_price_change(&sku, 1, &ten_euro));
    assert_int_equal(sku.version, 2);
}

UNIT_TESTS(the_first_price_fixes_owner_and_currency, only_who_saw_the_present_version_may_change_it)
