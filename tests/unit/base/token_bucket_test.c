#include "base/token_bucket.h"

#include "tests/unit/unit.h"

static struct token_bucket bucket;
static int64_t wait_us;

static bool take(uint32_t per_s, uint32_t burst, int64_t now_us)
{
    const struct token_rate rate = {.per_s = per_s, .burst = burst};
    return token_bucket_take(&bucket, &rate, now_us, &wait_us);
}

static int take_all(uint32_t per_s, uint32_t burst, int64_t now_us)
{
    int taken = 0;

    while (take(per_s, burst, now_us))
        taken++;
    return taken;
}

static void gives_its_burst_at_once_and_then_refuses(void **state)
{
    bucket = (struct token_bucket){0};
    assert_int_equal(take_all(200, 100, 7000), 100);
    assert_int_equal(wait_us, 5000); /* 200 a second: one each 5 ms */
}

static void serves_again_exactly_when_it_said(void **state)
{
    bucket = (struct token_bucket){0};
    assert_true(take(200, 1, 0));
    assert_false(take(200, 1, 1000));
    assert_int_equal(wait_us, 4000);
    assert_false(take(200, 1, 4999));
    assert_int_equal(wait_us, 1);
    assert_true(take(200, 1, 5000));
}

static void saves_up_no_more_than_its_burst(void **state)
{
    const int64_t an_hour_later_us = 3600LL * 1000 * 1000;

    bucket = (struct token_bucket){0};
    assert_int_equal(take_all(200, 3, 0), 3);
    assert_int_equal(take_all(200, 3, an_hour_later_us), 3);
}

static void parts_of_a_token_are_not_lost(void **state)
{
    const uint32_t rates[] = {1, 3, 7, 200, 999, 1000 * 1000};

    for (size_t i = 0; i < ARRAY_LEN(rates); i++) {
        int taken = 0;
        bucket = (struct token_bucket){0};
        for (int64_t now_us = 0; now_us < 100 * 1000 * 1000; now_us += 100)
            taken += take_all(rates[i], rates[i], now_us);
        const int64_t due = 100LL * rates[i] + rates[i];
        assert_true(taken <= due);
        assert_true(taken >= due - due / (1000 * 1000) - rates[i] / 1000 - 1);
    }
}

static void a_clock_that_goes_back_empties_the_bucket_at_worst(void **state)
{
    bucket = (struct token_bucket){0};
    assert_true(take(200, 10, 3600LL * 1000 * 1000));
    assert_false(take(200, 10, 1000));
    assert_int_equal(wait_us, 5000);
    assert_false(take(200, 10, 5999));
    assert_int_equal(wait_us, 1);
    assert_true(take(200, 10, 6000));
    assert_int_equal(take_all(200, 10, 6000 + 50 * 1000), 10);
}

static void the_largest_numbers_fit(void **state)
{
    const int64_t late_us = 1LL << 53;

    bucket = (struct token_bucket){0};
    assert_int_equal(take_all(1, TOKEN_BURST_MAX, late_us), TOKEN_BURST_MAX);
    assert_int_equal(wait_us, 1000 * 1000);
    bucket = (struct token_bucket){0};
    assert_int_equal(take_all(TOKEN_RATE_MAX, TOKEN_BURST_MAX, late_us), TOKEN_BURST_MAX);
    assert_int_equal(wait_us, 1);
}

UNIT_TESTS(gives_its_burst_at_once_and_then_refuses, serves_again_exactly_when_it_said,
           saves_up_no_more_than_its_burst, parts_of_a_token_are_not_lost,
           a_clock_that_goes_back_empties_the_bucket_at_worst, the_largest_numbers_fit)
