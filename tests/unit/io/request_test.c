#include "io/request.h"

#include "tests/unit/unit.h"

static struct status refusal(enum code code)
{
    return status_error(code, "SOME_REASON", "%s", "no page token of ours");
}

static void what_is_invalid_names_its_field(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 16);
    struct request rq = {.arena = arena};

    const struct status st = request_blame(&rq, "page_token", refusal(CODE_INVALID_ARGUMENT));
    assert_true(status_is(&st, "SOME_REASON"));
    assert_int_equal(rq.details.violation_count, 1);
    assert_string_equal(rq.details.violations[0].field, "page_token");
    assert_string_equal(rq.details.violations[0].description, "no page token of ours");
}

static void what_fails_otherwise_is_no_fields_fault(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 16);
    struct request rq = {.arena = arena};

    const struct status fine = request_blame(&rq, "version", STATUS_OK);
    const struct status stale = request_blame(&rq, "version", refusal(CODE_ABORTED));
    assert_true(status_ok(&fine));
    assert_int_equal(stale.code, CODE_ABORTED);
    assert_int_equal(rq.details.violation_count, 0);
}

static void who_knows_better_is_not_overruled(void **state)
{
    AUTO(arena_freep) struct arena *arena = arena_new(1 << 16);
    struct request rq = {.arena = arena};

    error_details_field(&rq.details, arena, "lines[3].sku_id", "is there twice");
    const struct status st = request_blame(&rq, "lines", refusal(CODE_INVALID_ARGUMENT));
    assert_int_equal(st.code, CODE_INVALID_ARGUMENT);
    assert_int_equal(rq.details.violation_count, 1);
    assert_string_equal(rq.details.violations[0].field, "lines[3].sku_id");
}

UNIT_TESTS(what_is_invalid_names_its_field, what_fails_otherwise_is_no_fields_fault,
           who_knows_better_is_not_overruled)
