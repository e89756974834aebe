#include "svc-listing/watch.h"
#include "tests/unit/unit.h"

static void what_waits_for_work_is_watched(void **state)
{
    static const enum listing_status others[] = {
        LISTING_DRAFT,   LISTING_REJECTED, LISTING_ONLINE,
        LISTING_OFFLINE, LISTING_MAINTAIN, LISTING_OUT_OF_STOCK,
    };

    assert_true(watch_is_wanted(LISTING_PENDING));
    assert_true(watch_is_wanted(LISTING_APPROVED));
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        const struct listing listing = {.status = others[i], .strategy = AUDIT_AUTO};
        assert_false(watch_is_wanted(others[i]));
        assert_int_equal(watch_decide(&listing, 0), WATCH_NO_MORE);
    }
}

static void three_retries_and_no_more(void **state)
{
    static const struct listing rows[] = {
        {.status = LISTING_PENDING, .strategy = AUDIT_AUTO},
        {.status = LISTING_PENDING, .strategy = AUDIT_FAST_TRACK},
        {.status = LISTING_APPROVED, .strategy = AUDIT_SKIP},
        {.status = LISTING_APPROVED, .strategy = AUDIT_MANUAL},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (int retries = 0; retries < 3; retries++)
            assert_int_equal(watch_decide(&rows[i], retries), WATCH_RETRY);
        assert_int_equal(watch_decide(&rows[i], 3), WATCH_GIVE_UP);
    }
}

static void reviewers_and_sagas_are_waited_for(void **state)
{
    const struct listing reviewed = {.status = LISTING_PENDING, .strategy = AUDIT_MANUAL};
    const struct listing published = {
        .status = LISTING_APPROVED, .strategy = AUDIT_AUTO, .publish_saga_id = 7};

    for (int retries = 0; retries < 5; retries++) {
        assert_int_equal(watch_decide(&reviewed, retries), WATCH_WAIT);
        assert_int_equal(watch_decide(&published, retries), WATCH_WAIT);
    }
}

UNIT_TESTS(what_waits_for_work_is_watched, three_retries_and_no_more,
           reviewers_and_sagas_are_waited_for)
