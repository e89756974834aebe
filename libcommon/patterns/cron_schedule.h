#pragma once

/*
 * cron_schedule: when a job is due. Its times are slots that every process reckons alike, without a
 * word between them: each full period since 1970 UTC, shifted by an offset. So "every 600 s" is on
 * the hour, ten past, ..., whenever a process started, and there is no local time and no summer time.
 *
 * Pure: the time is an argument. Microseconds since 1970 UTC.
 */

#include <stdint.h>

#include "base/attributes.h"

struct cron_schedule {
    int64_t period_s; /* from 1 */
    int64_t offset_s; /* from 0, less than the period */
};

enum { CRON_DAY_S = 24 * 3600, CRON_SCHEDULE_TEXT_MAX = 40 };

/* Initializers: .schedule = CRON_DAILY(3, 30) is half past three at night, UTC. */
#define CRON_EVERY_S(seconds) \
    {                         \
        .period_s = (seconds) \
    }
#define CRON_DAILY(hour, minute)                                          \
    {                                                                     \
        .period_s = CRON_DAY_S, .offset_s = (hour)*3600LL + (minute)*60LL \
    }

/* The latest slot that is not after this time. */
MUST_USE int64_t cron_slot_at(const struct cron_schedule *schedule, int64_t at_us);
/* The first slot after this time. */
MUST_USE int64_t cron_slot_after(const struct cron_schedule *schedule, int64_t at_us);

/* "every 600 s", "daily at 03:30 UTC": for people, and to see that it was changed. */
void cron_schedule_text(const struct cron_schedule *schedule, char to[CRON_SCHEDULE_TEXT_MAX]);
