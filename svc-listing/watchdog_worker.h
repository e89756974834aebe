#pragma once

/*
 * watchdog_worker: looks after listings whose audit or publish does not come: an event that got
 * lost, a consumer that gave up. What it decides is in watch.h. Side by side is fine: it decides
 * under the listing's lock.
 */

#include <stdbool.h>

#include "base/attributes.h"
#include "base/status.h"

#define WATCHDOG_WORKER "listing.watchdog"
enum { WATCHDOG_PERIOD_MS = 1000, WATCHDOG_LIMIT_MS = 10000 };

/* `catalog` is the struct catalog; for struct periodic_config. */
MUST_USE SUSPENDS struct status watchdog_worker_run(void *catalog, bool *ret_more);
