#include "svc-listing/listing.h"
#include "tests/unit/unit.h"

static const enum listing_status statuses[] = {
    LISTING_DRAFT,  LISTING_PENDING, LISTING_APPROVED, LISTING_REJECTED,
    LISTING_ONLINE, LISTING_OFFLINE, LISTING_MAINTAIN, LISTING_OUT_OF_STOCK,
};

/* Where each event leads from each status; -1: nowhere. */
static const int leads_to[ARRAY_LEN(statuses)][LISTING_SELL_OUT + 1] = {
    /*                edit submit approve reject publish fail relist delist suspend sell_out */
    /* DRAFT */ {0, 10, -1, -1, -1, -1, -1, -1, -1, -1},
    /* PENDING */ {-1, -1, 11, 12, -1, -1, -1, -1, -1, -1},
    /* APPROVED */ {-1, -1, -1, -1, 20, 12, -1, -1, -1, -1},
    /* REJECTED */ {12, 10, -1, -1, -1, -1, -1, -1, -1, -1},
    /* ONLINE */ {-1, -1, -1, -1, -1, -1, -1, 21, 22, 23},
    /* OFFLINE */ {-1, -1, -1, -1, -1, -1, 20, -1, -1, -1},
    /* MAINTAIN */ {-1, -1, -1, -1, -1, -1, 20, 21, -1, -1},
    /* OUT_OF_STOCK */ {-1, -1, -1, -1, -1, -1, 20, 21, -1, -1},
};

static void every_event_in_every_status(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
        for (int event = LISTING_EDIT; event <= LISTING_SELL_OUT; event++) {
            struct listing listing = {.status = statuses[i], .version = 7};
            struct listing_change change;
            const struct status st = listing_apply(&listing, (enum listing_event)event, &change);
            if (leads_to[i][event] < 0) {
                assert_reason(st, "ILLEGAL_TRANSITION");
                assert_int_equal(st.code, CODE_FAILED_PRECONDITION);
                assert_int_equal(listing.status, statuses[i]);
                assert_int_equal(listing.version, 7);
            } else {
                assert_ok(st);
                assert_int_equal(listing.status, leads_to[i][event]);
                assert_int_equal(listing.version, 8);
            }
        }
}

static void a_change_tells_what_happened(void **state)
{
    struct listing listing = {.status = LISTING_REJECTED, .version = 4};
    struct listing_change change;
    assert_ok(listing_apply(&listing, LISTING_SUBMIT, &change));
    assert_int_equal(change.from, LISTING_REJECTED);
    assert_int_equal(change.to, LISTING_PENDING);
    assert_string_equal(change.action, "submit");
    assert_int_equal(change.version, 5);
}

static void a_creation_comes_from_nowhere(void **state)
{
    const struct listing listing = {.status = LISTING_DRAFT, .version = 1};
    const struct listing_change change = listing_created(&listing);
    assert_int_equal(change.from, LISTING_NEW);
    assert_int_equal(change.to, LISTING_DRAFT);
    assert_string_equal(change.action, "create");
    assert_int_equal(change.version, 1);
}

static void a_version_is_compared(void **state)
{
    const struct listing listing = {.version = 3};
    assert_ok(listing_expect_version(&listing, 3));
    const struct status st = listing_expect_version(&listing, 2);
    assert_reason(st, "VERSION_MISMATCH");
    assert_int_equal(st.code, CODE_ABORTED);
}

static void a_listing_follows_its_item(void **state)
{
    assert_int_equal(listing_event_of_item(ITEM_ONLINE), LISTING_RELIST);
    assert_int_equal(listing_event_of_item(ITEM_OFFLINE), LISTING_DELIST);
    assert_int_equal(listing_event_of_item(ITEM_MAINTAIN), LISTING_SUSPEND);
    assert_int_equal(listing_event_of_item(ITEM_OUT_OF_STOCK), LISTING_SELL_OUT);
}

static void a_task_code_is_for_people_and_unique(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(4096);
    /* 2026-07-22T23:59:59Z */
    const int64_t now_us = 1784764799LL * 1000000;
    assert_string_equal(listing_task_code("DEAL", now_us, 1, arena), "DEAL-20260722-0000000000001");
    assert_string_equal(listing_task_code("DEAL", now_us + 1000000, 32, arena),
                        "DEAL-20260723-0000000000010");
    assert_string_equal(listing_task_code("X", 0, INT64_MAX, arena), "X-19700101-7ZZZZZZZZZZZZ");
}

UNIT_TESTS(every_event_in_every_status, a_change_tells_what_happened, a_creation_comes_from_nowhere,
           a_version_is_compared, a_listing_follows_its_item, a_task_code_is_for_people_and_unique)
