#pragma once

/*
 * clock: the three clocks that Souk reads, in microseconds.
 *
 * Only edges read clocks (the rpc server, workers, the loop); domain code gets the time as an
 * argument.
 */

#include <stdint.h>

#define CLOCK_US_PER_MS 1000LL
#define CLOCK_US_PER_S  1000000LL

/* Since 1970 UTC. May step when the machine's time is set: for stamps and ids, never for waiting.
 */
int64_t clock_unix_us(void);

/* "2026-03-01T12:00:00.000001Z", RFC 3339. */
enum { CLOCK_RFC3339_MAX = 40 };
void clock_rfc3339(int64_t unix_us, char to[CLOCK_RFC3339_MAX]);

/* Since an unknown moment, never steps: for deadlines and durations. */
int64_t clock_mono_us(void);

/* Like mono, but counts suspended time too: for leases, which others see run out while we sleep. */
int64_t clock_boot_us(void);
