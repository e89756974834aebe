#pragma once

/*
 * expiry_sweep: may holds expire just now? While this service was down nobody could confirm or
 * release a hold, so that time does not count: after it the sweep spares all holds for as long, up
 * to SWEEP_SPARE_MAX_S. Those who wanted to end theirs meanwhile get to it first; an order that was
 * paid keeps its goods.
 *
 * Pure; times are the database's. Source: DESIGN 4 (a hold outlives the time to pay by 10 minutes).
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"

enum {
    SWEEP_NOTE_S = 5,            /* how often it is noted that the sweep runs */
    SWEEP_DOWN_S = 30,           /* silent for so long it was down, not late */
    SWEEP_SPARE_MAX_S = 10 * 60, /* what svc-order adds to the time to pay */
};

struct expiry_sweep {
    int64_t ran_us;         /* 0: never */
    int64_t spare_until_us; /* nothing expires before */
};

/* The sweep runs now. True when that is worth noting, and `sweep` has changed. */
MUST_USE bool expiry_sweep_run(struct expiry_sweep *sweep, int64_t now_us);

MUST_USE bool expiry_sweep_spares(const struct expiry_sweep *sweep, int64_t now_us);
