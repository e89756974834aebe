#include "svc-inventory/expiry_sweep.h"

#include "base/clock.h"
#include "tests/unit/unit.h"

#define S CLOCK_US_PER_S

static const int64_t start_us = 1700000000 * S;

static struct expiry_sweep ran_at(int64_t us)
{
    return (struct expiry_sweep){.ran_us = us};
}

static void the_first_run_ever_spares_nobody(void **state)
{
    struct expiry_sweep sweep = {0};

    assert_true(expiry_sweep_run(&sweep, start_us));
    assert_int_equal(sweep.ran_us, start_us);
    assert_false(expiry_sweep_spares(&sweep, start_us));
}

static void it_is_noted_now_and_then_that_it_runs(void **state)
{
    struct expiry_sweep sweep = ran_at(start_us);

    assert_false(expiry_sweep_run(&sweep, start_us + SWEEP_NOTE_S * S - 1));
    assert_int_equal(sweep.ran_us, start_us);
    assert_true(expiry_sweep_run(&sweep, start_us + SWEEP_NOTE_S * S));
    assert_int_equal(sweep.ran_us, start_us + SWEEP_NOTE_S * S);
    assert_false(expiry_sweep_spares(&sweep, sweep.ran_us));
}

static void late_is_not_down(void **state)
{
    struct expiry_sweep sweep = ran_at(start_us);

    assert_true(expiry_sweep_run(&sweep, start_us + SWEEP_DOWN_S * S - 1));
    assert_false(expiry_sweep_spares(&sweep, start_us + SWEEP_DOWN_S * S - 1));
}

static void after_a_silence_holds_are_spared_for_as_long(void **state)
{
    const int64_t silence_us = 120 * S, back_us = start_us + silence_us;
    struct expiry_sweep sweep = ran_at(start_us);

    assert_true(expiry_sweep_run(&sweep, back_us));
    assert_true(expiry_sweep_spares(&sweep, back_us));
    assert_true(expiry_sweep_spares(&sweep, back_us + silence_us - 1));
    assert_false(expiry_sweep_spares(&sweep, back_us + silence_us));
}

static void but_not_for_longer_than_a_hold_outlives_the_time_to_pay(void **state)
{
    const int64_t back_us = start_us + 86400 * S;
    struct expiry_sweep sweep = ran_at(start_us);

    assert_true(expiry_sweep_run(&sweep, back_us));
    assert_true(expiry_sweep_spares(&sweep, back_us + SWEEP_SPARE_MAX_S * S - 1));
    assert_false(expiry_sweep_spares(&sweep, back_us + SWEEP_SPARE_MAX_S * S));
}

/* It died while it spared, and came back soon. */
static void a_short_silence_does_not_end_the_sparing(void **state)
{
    const int64_t back_us = start_us + 600 * S;
    struct expiry_sweep sweep = ran_at(start_us);

    assert_true(expiry_sweep_run(&sweep, back_us));
    const int64_t until_us = sweep.spare_until_us;
    assert_true(expiry_sweep_run(&sweep, back_us + 10 * S));
    assert_int_equal(sweep.spare_until_us, until_us);
}

UNIT_TESTS(the_first_run_ever_spares_nobody, it_is_noted_now_and_then_that_it_runs,
           late_is_not_down, after_a_silence_holds_are_spared_for_as_long,
           but_not_for_longer_than_a_hold_outlives_the_time_to_pay,
           a_short_silence_does_not_end_the_sparing)
