#pragma once

/*
 * timeout_worker: cancels orders that were not paid in time, by the database's clock.
 */

#include <stdbool.h>

#include "base/attributes.h"
#include "base/status.h"

enum { TIMEOUT_PERIOD_MS = 1000 };

/* `order_app` is the struct order_app; for struct periodic_config. */
MUST_USE SUSPENDS struct status timeout_worker_run(void *order_app, bool *ret_more);
