#pragma once

/*
 * backoff: how long to wait before trying again. Doubles from try to try up to a ceiling; the
 * actual wait is drawn between half and all of it, so that many who failed together do not come
 * back together.
 *
 * Source: exponential back-off with (equal) jitter.
 */

#include <stdint.h>

struct backoff {
    int64_t first_us;
    int64_t most_us;
    int64_t present_us; /* 0: nothing failed yet */
};

struct backoff backoff_between(int64_t first_us, int64_t most_us);
/* `random` is any 64 random bits. */
int64_t backoff_next_us(struct backoff *backoff, uint64_t random);
/* The wait after so many failures in a row, one or more, where only their number is kept. */
int64_t backoff_after_us(int64_t first_us, int64_t most_us, unsigned failures, uint64_t random);
void backoff_reset(struct backoff *backoff);
