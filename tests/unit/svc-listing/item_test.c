#include "svc-listing/item.h"
#include "tests/unit/unit.h"

static const enum item_status statuses[] = {
    ITEM_HIDDEN, ITEM_ONLINE, ITEM_OFFLINE, ITEM_MAINTAIN, ITEM_OUT_OF_STOCK, ITEM_REMOVED,
};

/* From (row) to (column), in the order above. */
static const bool allowed[ARRAY_LEN(statuses)][ARRAY_LEN(statuses)] = {
    /* HIDDEN */ {false, true, false, false, false, true},
    /* ONLINE */ {false, false, true, true, true, false},
    /* OFFLINE */ {false, true, false, false, false, false},
    /* MAINTAIN */ {false, true, true, false, false, false},
    /* OUT_OF_STOCK */ {false, true, true, false, false, false},
    /* REMOVED */ {false, false, false, false, false, false},
};

static void every_move_from_every_status(void **state)
{
    for (size_t from = 0; from < ARRAY_LEN(statuses); from++)
        for (size_t to = 0; to < ARRAY_LEN(statuses); to++) {
            struct item item = {.status = statuses[from], .version = 2};
            struct item_change change;
            const struct status st = item_move(&item, statuses[to], &change);
            if (!allowed[from][to]) {
                assert_reason(st, "ILLEGAL_TRANSITION");
                assert_int_equal(item.version, 2);
                continue;
            }
            assert_ok(st);
            assert_int_equal(item.status, statuses[to]);
            assert_int_equal(item.version, 3);
            assert_int_equal(change.from, statuses[from]);
            assert_int_equal(change.to, statuses[to]);
            assert_int_equal(change.version, 3);
        }
}

static void a_version_is_compared(void **state)
{
    const struct item item = {.version = 3};
    assert_ok(item_expect_version(&item, 3));
    assert_reason(item_expect_version(&item, 4), "VERSION_MISMATCH");
}

static void only_what_ran_out_comes_back(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
        const enum item_status status = statuses[i];
        const bool online = status == ITEM_ONLINE, out = status == ITEM_OUT_OF_STOCK;
        const enum item_status sold_out = online ? ITEM_OUT_OF_STOCK : status;
        assert_int_equal(item_after_stock(status, true, false), sold_out);
        assert_int_equal(item_after_stock(status, false, false), sold_out);
        assert_int_equal(item_after_stock(status, false, true), out ? ITEM_ONLINE : status);
        assert_int_equal(item_after_stock(status, true, true), status);
    }
}

UNIT_TESTS(every_move_from_every_status, a_version_is_compared, only_what_ran_out_comes_back)
