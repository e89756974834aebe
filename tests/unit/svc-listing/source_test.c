#include "svc-listing/source.h"
#include "tests/unit/unit.h"

/* operator, merchant, supplier, service */
static const struct {
    enum source source;
    bool fed[4];
} table[] = {
    {SOURCE_OPERATOR_FORM, {true, false, false, true}},
    {SOURCE_MERCHANT_PORTAL, {false, true, false, true}},
    {SOURCE_MERCHANT_APP, {false, true, false, true}},
    {SOURCE_EXCEL_BATCH, {true, false, false, true}},
    {SOURCE_SUPPLIER_PUSH, {false, false, true, true}},
    {SOURCE_SUPPLIER_PULL, {false, false, true, true}},
    {SOURCE_API, {true, true, true, true}},
};

static void each_role_feeds_its_own_sources(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        for (int feeder = FEEDER_OPERATOR; feeder <= FEEDER_SERVICE; feeder++)
            assert_int_equal(source_is_fed_by(table[i].source, (enum feeder)feeder),
                             table[i].fed[feeder]);
}

static void systems_are_suppliers_and_services(void **state)
{
    assert_int_equal(source_user_type(FEEDER_OPERATOR), USER_OPERATOR);
    assert_int_equal(source_user_type(FEEDER_MERCHANT), USER_MERCHANT);
    assert_int_equal(source_user_type(FEEDER_SUPPLIER), USER_SYSTEM);
    assert_int_equal(source_user_type(FEEDER_SERVICE), USER_SYSTEM);
}

static void nobody_is_audited_as_somebody_whom_we_trust_more(void **state)
{
    assert_true(source_may_edit(FEEDER_MERCHANT, USER_MERCHANT));
    assert_false(source_may_edit(FEEDER_MERCHANT, USER_SYSTEM));
    assert_false(source_may_edit(FEEDER_MERCHANT, USER_OPERATOR));
    assert_false(source_may_edit(FEEDER_SUPPLIER, USER_OPERATOR));
    assert_true(source_may_edit(FEEDER_SUPPLIER, USER_SYSTEM));
    assert_true(source_may_edit(FEEDER_OPERATOR, USER_MERCHANT));
    assert_true(source_may_edit(FEEDER_SERVICE, USER_MERCHANT));
}

UNIT_TESTS(each_role_feeds_its_own_sources, systems_are_suppliers_and_services,
           nobody_is_audited_as_somebody_whom_we_trust_more)
