#include "patterns/cron_schedule.h"

#include "base/clock.h"
#include "tests/unit/unit.h"

/* 2026-03-01 00:00 UTC. */
#define MIDNIGHT_US (1772323200 * CLOCK_US_PER_S)
#define HOUR_US     (3600 * CLOCK_US_PER_S)
#define DAY_US      (24 * HOUR_US)

static const struct cron_schedule every_ten_minutes = CRON_EVERY_S(600);
static const struct cron_schedule at_half_past_three = CRON_DAILY(3, 30);

static void slots_of_a_period_are_the_same_for_all(void **state)
{
    assert_int_equal(cron_slot_at(&every_ten_minutes, MIDNIGHT_US), MIDNIGHT_US);
    assert_int_equal(cron_slot_at(&every_ten_minutes, MIDNIGHT_US + 599999999), MIDNIGHT_US);
    assert_int_equal(cron_slot_at(&every_ten_minutes, MIDNIGHT_US + 600000000),
                     MIDNIGHT_US + 600000000);
}

static void the_next_slot_is_never_now(void **state)
{
    assert_int_equal(cron_slot_after(&every_ten_minutes, MIDNIGHT_US), MIDNIGHT_US + 600000000);
    assert_int_equal(cron_slot_after(&every_ten_minutes, MIDNIGHT_US - 1), MIDNIGHT_US);
    assert_int_equal(cron_slot_after(&every_ten_minutes, MIDNIGHT_US + 1), MIDNIGHT_US + 600000000);
}

static void a_time_of_the_day_comes_once_a_day(void **state)
{
    const int64_t slot_us = MIDNIGHT_US + 3 * HOUR_US + HOUR_US / 2;

    assert_int_equal(cron_slot_after(&at_half_past_three, MIDNIGHT_US), slot_us);
    assert_int_equal(cron_slot_after(&at_half_past_three, slot_us - 1), slot_us);
    assert_int_equal(cron_slot_after(&at_half_past_three, slot_us), slot_us + DAY_US);
    assert_int_equal(cron_slot_at(&at_half_past_three, slot_us - 1), slot_us - DAY_US);
    assert_int_equal(cron_slot_at(&at_half_past_three, slot_us + DAY_US - 1), slot_us);
}

/* 2024 had a 29th of February; no day has 25 hours. */
static void days_of_a_year_have_as_many_slots(void **state)
{
    int64_t at_us = 1704067200 * CLOCK_US_PER_S; /* 2024-01-01 */
    const int64_t end_us = 1735689600 * CLOCK_US_PER_S;
    int count = 0;

    while ((at_us = cron_slot_after(&at_half_past_three, at_us)) < end_us)
        count++;
    assert_int_equal(count, 366);
}

static void there_are_slots_before_1970(void **state)
{
    assert_int_equal(cron_slot_at(&every_ten_minutes, -1), -600000000);
    assert_int_equal(cron_slot_after(&every_ten_minutes, -1), 0);
    assert_int_equal(cron_slot_at(&at_half_past_three, 0), 3 * HOUR_US + HOUR_US / 2 - DAY_US);
}

static void it_says_what_it_is(void **state)
{
    static const struct cron_schedule at_midnight = CRON_DAILY(0, 0);
    char text[CRON_SCHEDULE_TEXT_MAX];

    cron_schedule_text(&every_ten_minutes, text);
    assert_string_equal(text, "every 600 s");
    cron_schedule_text(&at_half_past_three, text);
    assert_string_equal(text, "daily at 03:30 UTC");
    cron_schedule_text(&at_midnight, text);
    assert_string_equal(text, "daily at 00:00 UTC");
}

UNIT_TESTS(slots_of_a_period_are_the_same_for_all, the_next_slot_is_never_now,
           a_time_of_the_day_comes_once_a_day, days_of_a_year_have_as_many_slots,
           there_are_slots_before_1970, it_says_what_it_is)
