#include "io/rpc_admission.h"

#include "tests/unit/unit.h"

enum { FAR = 1000 * 1000 * 1000, ALLOWED_US = 1000 * 1000 };

static struct rpc_admission gate;
static struct rpc_ticket a, b, c, d;

static enum rpc_verdict enter_allowed(struct rpc_ticket *ticket, unsigned weight,
                                      int64_t allowed_us, int64_t deadline_us, int64_t now_us)
{
    *ticket = (struct rpc_ticket){
        .weight = weight,
        .allowed_us = allowed_us,
        .deadline_us = deadline_us,
        .worked = true,
    };
    return rpc_admission_enter(&gate, ticket, now_us);
}

static enum rpc_verdict enter(struct rpc_ticket *ticket, unsigned weight, int64_t deadline_us,
                              int64_t now_us)
{
    return enter_allowed(ticket, weight, ALLOWED_US, deadline_us, now_us);
}

static void first_come_first_served_up_to_the_limit_and_the_line(void **state)
{
    rpc_admission_init(&gate, 1, 2);
    assert_int_equal(enter(&a, 1, FAR, 0), RPC_BEGINS);
    assert_int_equal(enter(&b, 1, FAR, 0), RPC_WAITS);
    assert_int_equal(enter(&c, 1, FAR, 0), RPC_WAITS);
    assert_int_equal(enter(&d, 1, FAR, 0), RPC_REFUSED);
    assert_null(rpc_admission_next(&gate, 5));
    rpc_admission_leave(&gate, &a, 10);
    assert_ptr_equal(rpc_admission_next(&gate, 10), &b);
    assert_int_equal(b.begun_us, 10);
    assert_null(rpc_admission_next(&gate, 10));
    rpc_admission_leave(&gate, &b, 20);
    assert_ptr_equal(rpc_admission_next(&gate, 20), &c);
    rpc_admission_leave(&gate, &c, 30);
    assert_null(rpc_admission_next(&gate, 30));
    assert_int_equal(gate.used, 0);
}

static void a_heavy_call_is_not_overtaken(void **state)
{
    rpc_admission_init(&gate, 4, 10);
    assert_int_equal(enter(&a, 3, FAR, 0), RPC_BEGINS);
    assert_int_equal(enter(&b, 2, FAR, 0), RPC_WAITS);
    assert_int_equal(enter(&c, 1, FAR, 0), RPC_WAITS); /* it would fit */
    rpc_admission_leave(&gate, &a, 10);
    assert_ptr_equal(rpc_admission_next(&gate, 10), &b);
    assert_ptr_equal(rpc_admission_next(&gate, 10), &c);
    assert_int_equal(gate.used, 3);
}

static void more_weight_than_there_is_counts_as_all(void **state)
{
    rpc_admission_init(&gate, 4, 10);
    assert_int_equal(enter(&a, 100, FAR, 0), RPC_BEGINS);
    assert_int_equal(gate.used, 4);
    assert_int_equal(enter(&b, 100, FAR, 0), RPC_WAITS);
    rpc_admission_leave(&gate, &a, 10);
    assert_ptr_equal(rpc_admission_next(&gate, 10), &b);
}

static void who_would_be_late_is_refused_at_once(void **state)
{
    rpc_admission_init(&gate, 1, 10);
    assert_int_equal(enter(&a, 1, FAR, 0), RPC_BEGINS);
    rpc_admission_leave(&gate, &a, 100);
    assert_int_equal(enter(&a, 1, FAR, 1000), RPC_BEGINS);
    assert_int_equal(enter(&b, 1, 1200, 1000), RPC_REFUSED); /* its turn: in 100, for 100 */
    assert_int_equal(enter(&b, 1, 1201, 1000), RPC_WAITS);
    assert_int_equal(enter(&c, 1, 1300, 1000), RPC_REFUSED); /* in 200, for 100 */
    assert_int_equal(enter(&c, 1, 1301, 1000), RPC_WAITS);
}

static void who_has_no_time_left_for_the_work_is_not_begun(void **state)
{
    rpc_admission_init(&gate, 1, 10);
    assert_int_equal(enter(&a, 1, FAR, 0), RPC_BEGINS);
    rpc_admission_leave(&gate, &a, 100);
    assert_int_equal(enter(&a, 1, FAR, 1000), RPC_BEGINS);
    assert_int_equal(enter(&b, 1, 1250, 1000), RPC_WAITS);
    assert_int_equal(enter(&c, 1, 1400, 1000), RPC_WAITS);
    assert_null(rpc_admission_doomed(&gate, 1200)); /* it is not its turn */
    rpc_admission_leave(&gate, &a, 1100);
    assert_null(rpc_admission_doomed(&gate, 1149));
    assert_ptr_equal(rpc_admission_doomed(&gate, 1150), &b);
    assert_null(rpc_admission_doomed(&gate, 1150));
    assert_ptr_equal(rpc_admission_next(&gate, 1150), &c);
}

/* The same share of its own allowance, though the calls before took longer than it may. */
static void a_short_call_is_not_measured_by_long_ones(void **state)
{
    enum { LONG_US = 10 * 1000 * 1000, SHORT_US = 500 * 1000, TOOK_US = 1500 * 1000 };

    rpc_admission_init(&gate, 100, 10);
    assert_int_equal(enter_allowed(&a, 100, LONG_US, FAR, 0), RPC_BEGINS);
    rpc_admission_leave(&gate, &a, TOOK_US);
    assert_int_equal(enter_allowed(&a, 100, LONG_US, FAR, 0), RPC_BEGINS);
    /* Its turn: in 15 ms, for 75 ms. */
    assert_int_equal(enter_allowed(&b, 1, SHORT_US, 90 * 1000, 0), RPC_REFUSED);
    assert_int_equal(enter_allowed(&b, 1, SHORT_US, SHORT_US, 0), RPC_WAITS);
    rpc_admission_leave(&gate, &a, TOOK_US);
    assert_null(rpc_admission_doomed(&gate, SHORT_US - 75 * 1000 - 1));
    assert_ptr_equal(rpc_admission_doomed(&gate, SHORT_US - 75 * 1000), &b);
}

static void what_never_came_to_its_handler_teaches_nothing(void **state)
{
    rpc_admission_init(&gate, 1, 10);
    assert_int_equal(enter(&a, 1, FAR, 0), RPC_BEGINS);
    rpc_admission_leave(&gate, &a, 400 * 1000);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(enter(&a, 1, FAR, 0), RPC_BEGINS);
        a.worked = false;
        rpc_admission_leave(&gate, &a, 50);
    }
    assert_int_equal(gate.used, 0);
    assert_int_equal(gate.average_us, 400 * 1000);
    assert_int_equal(enter(&a, 1, FAR, 0), RPC_BEGINS);
    assert_int_equal(enter(&b, 1, 800 * 1000, 0), RPC_REFUSED); /* in 400 ms, for 400 ms */
    assert_int_equal(enter(&b, 1, 800 * 1000 + 1, 0), RPC_WAITS);
}

static void the_limit_may_change_at_any_time(void **state)
{
    rpc_admission_init(&gate, 8, 10);
    assert_int_equal(enter(&a, 4, FAR, 0), RPC_BEGINS);
    assert_int_equal(enter(&b, 4, FAR, 0), RPC_BEGINS);
    assert_int_equal(enter(&c, 6, FAR, 0), RPC_WAITS);
    gate.limit = 5;
    rpc_admission_leave(&gate, &a, 10);
    assert_null(rpc_admission_next(&gate, 10));
    rpc_admission_leave(&gate, &b, 20);
    assert_ptr_equal(rpc_admission_next(&gate, 20), &c); /* alone it may be heavier */
    gate.limit = 8;
    assert_int_equal(enter(&d, 2, FAR, 20), RPC_BEGINS);
}

static void what_calls_take_is_learned(void **state)
{
    rpc_admission_init(&gate, 1, 10);
    for (int64_t now_us = 0; now_us < 100 * 1000; now_us += 1000) {
        assert_int_equal(enter(&a, 1, FAR, now_us), RPC_BEGINS);
        rpc_admission_leave(&gate, &a, now_us + (now_us < 50 * 1000 ? 100 : 500));
    }
    assert_true(gate.average_us > 450 && gate.average_us <= 500);
}

static void who_leaves_the_line_makes_room(void **state)
{
    rpc_admission_init(&gate, 1, 3);
    assert_int_equal(enter(&a, 1, FAR, 0), RPC_BEGINS);
    assert_int_equal(enter(&b, 1, FAR, 0), RPC_WAITS);
    assert_int_equal(enter(&c, 1, FAR, 0), RPC_WAITS);
    assert_int_equal(enter(&d, 1, FAR, 0), RPC_WAITS);
    rpc_admission_abandon(&gate, &c);
    rpc_admission_abandon(&gate, &d);
    assert_false(c.waiting);
    assert_int_equal(enter(&c, 1, FAR, 0), RPC_WAITS);
    rpc_admission_abandon(&gate, &b);
    rpc_admission_leave(&gate, &a, 10);
    assert_ptr_equal(rpc_admission_next(&gate, 10), &c);
    assert_int_equal(gate.waiting, 0);
    assert_int_equal(gate.weight_waiting, 0);
}

static void the_late_are_found_in_the_line(void **state)
{
    rpc_admission_init(&gate, 1, 3);
    assert_int_equal(rpc_admission_soonest_us(&gate), INT64_MAX);
    assert_int_equal(enter(&a, 1, FAR, 0), RPC_BEGINS);
    assert_int_equal(enter(&b, 1, 300, 0), RPC_WAITS);
    assert_int_equal(enter(&c, 1, 200, 0), RPC_WAITS);
    assert_int_equal(enter(&d, 1, 400, 0), RPC_WAITS);
    assert_int_equal(rpc_admission_soonest_us(&gate), 200);
    assert_null(rpc_admission_late(&gate, 199));
    assert_ptr_equal(rpc_admission_late(&gate, 300), &b);
    assert_ptr_equal(rpc_admission_late(&gate, 300), &c);
    assert_null(rpc_admission_late(&gate, 300));
    assert_int_equal(gate.waiting, 1);
}

static void whoever_is_refused_comes_back_when_the_line_is_gone(void **state)
{
    rpc_admission_init(&gate, 1, 3);
    assert_int_equal(rpc_admission_retry_after_ms(&gate), RPC_RETRY_AFTER_LEAST_MS);
    assert_int_equal(enter(&a, 1, FAR, 0), RPC_BEGINS);
    rpc_admission_leave(&gate, &a, 400 * 1000);
    assert_int_equal(enter(&a, 1, FAR, 0), RPC_BEGINS);
    assert_int_equal(enter(&b, 1, FAR, 0), RPC_WAITS);
    assert_int_equal(enter(&c, 1, FAR, 0), RPC_WAITS);
    assert_int_equal(rpc_admission_retry_after_ms(&gate), 800);
    gate.average_us = FAR;
    assert_int_equal(rpc_admission_retry_after_ms(&gate), 10 * 1000);
}

UNIT_TESTS(first_come_first_served_up_to_the_limit_and_the_line, a_heavy_call_is_not_overtaken,
           more_weight_than_there_is_counts_as_all, who_would_be_late_is_refused_at_once,
           who_has_no_time_left_for_the_work_is_not_begun,
           a_short_call_is_not_measured_by_long_ones,
           what_never_came_to_its_handler_teaches_nothing, the_limit_may_change_at_any_time,
           what_calls_take_is_learned, who_leaves_the_line_makes_room,
           the_late_are_found_in_the_line, whoever_is_refused_comes_back_when_the_line_is_gone)
