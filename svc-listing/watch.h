#pragma once

/*
 * watch: what is to be done about a listing that has been waiting for too long: for its audit, or
 * for its publish. The work is told once more, three times; then the listing goes back to its
 * seller. What people or a saga are at is left to them.
 *
 * Pure. Source: 002 chapters 3.4.1, 5.3 (watchdog), 9: 30 minutes, 3 retries, stuck after 2 hours.
 */

#include <stdbool.h>

#include "base/attributes.h"
#include "listing.h"

enum { WATCH_TIMEOUT_S = 30 * 60, WATCH_STUCK_S = 2 * 60 * 60, WATCH_RETRIES_MAX = 3 };

enum watch_action {
    WATCH_NO_MORE, /* it waits for nothing */
    WATCH_WAIT,    /* for a reviewer, or for a saga, which has a deadline of its own */
    WATCH_RETRY,
    WATCH_GIVE_UP,
};

/* Does it wait for somebody's work? */
MUST_USE bool watch_is_wanted(enum listing_status status);

/* Of a listing that is due. */
MUST_USE enum watch_action watch_decide(const struct listing *listing, int retries);
