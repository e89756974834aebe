#pragma once

/*
 * parking: what becomes of an event that could not be handled.
 *
 * Its key is parked: the event is tried again after growing pauses, and what comes later for the
 * key waits behind it. What passes by itself (a database that is away, a deadlock) is tried for
 * PARKING_AGE_MAX_US; a refusal, which may be a bug or an event that came before its time,
 * PARKING_TRIES_MAX times; bytes that are no event are given up at once. What is given up becomes a
 * dead letter.
 *
 * Pure: ages and randomness are arguments.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/status.h"

enum {
    PARKING_TRIES_MAX = 6,
    PARKING_OF_KEY_MAX = 1000, /* events of a key that wait; beyond it the partition waits */
    PARKING_MAX = 10 * 1000,   /* the same for all of a consumer */
};

#define PARKING_FIRST_WAIT_US (500 * 1000LL)
#define PARKING_MOST_WAIT_US  (60 * 1000 * 1000LL)
#define PARKING_AGE_MAX_US    (24 * 3600 * 1000 * 1000LL)

struct parking_verdict {
    const char *dead_cause; /* "malformed", "refused", "too old"; NULL: it is tried again */
    int64_t wait_us;        /* before the next try */
};

/* After `tries` tries, the last of which ended with `failure`. `random` is any 64 random bits. */
MUST_USE struct parking_verdict parking_judge(const struct status *failure, unsigned tries,
                                              int64_t age_us, uint64_t random);
