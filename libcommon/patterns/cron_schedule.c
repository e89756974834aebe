#include "patterns/cron_schedule.h"

#include <stdio.h>

#include "base/clock.h"

int64_t cron_slot_at(const struct cron_schedule *schedule, int64_t at_us)
{
    const int64_t period_us = schedule->period_s * CLOCK_US_PER_S;
    const int64_t offset_us = schedule->offset_s * CLOCK_US_PER_S;
    int64_t into_us = (at_us - offset_us) % period_us;

    if (into_us < 0) /* before the first slot ever */
        into_us += period_us;
    return at_us - into_us;
}

int64_t cron_slot_after(const struct cron_schedule *schedule, int64_t at_us)
{
    return cron_slot_at(schedule, at_us) + schedule->period_s * CLOCK_US_PER_S;
}

void cron_schedule_text(const struct cron_schedule *schedule, char to[CRON_SCHEDULE_TEXT_MAX])
{
    if (schedule->period_s == CRON_DAY_S)
        snprintf(to, CRON_SCHEDULE_TEXT_MAX, "daily at %02d:%02d UTC",
                 (int)(schedule->offset_s / 3600), (int)(schedule->offset_s / 60 % 60));
    else
        snprintf(to, CRON_SCHEDULE_TEXT_MAX, "every %lld s", (long long)schedule->period_s);
}
