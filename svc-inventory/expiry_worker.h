#pragma once

/*
 * expiry_worker: gives back the stock of holds that nobody ended in time. A backstop: svc-order
 * ends its holds itself, earlier. After this service was down it waits a while (expiry_sweep.h).
 */

#include <stdbool.h>

#include "base/attributes.h"
#include "base/status.h"

enum { EXPIRY_PERIOD_MS = 1000 };

/* `inventory` is the struct inventory; for struct periodic_config. */
MUST_USE SUSPENDS struct status expiry_worker_run(void *inventory, bool *ret_more);
