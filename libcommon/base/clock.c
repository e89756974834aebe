#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t read_us(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return now.tv_sec * CLOCK_US_PER_S + now.tv_nsec / 1000;
}

int64_t clock_unix_us(void)
{
    return read_us(CLOCK_REALTIME);
}

void clock_rfc3339(int64_t unix_us, char to[CLOCK_RFC3339_MAX])
{
    const time_t seconds = unix_us / CLOCK_US_PER_S;
    struct tm utc;
    char text[24];

    gmtime_r(&seconds, &utc);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(to, CLOCK_RFC3339_MAX, "%s.%06dZ", text, (int)(unix_us % CLOCK_US_PER_S));
}

int64_t clock_mono_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

int64_t clock_boot_us(void)
{
    return read_us(CLOCK_BOOTTIME);
}
