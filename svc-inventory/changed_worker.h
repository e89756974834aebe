#pragma once

/*
 * changed_worker: tells how much stock there is now. Hot transactions only mark their rows; every
 * 200 ms this writes one inventory.changed for each marked row and takes the mark away, in one
 * transaction.
 */

#include <stdbool.h>

#include "base/attributes.h"
#include "base/status.h"

enum { CHANGED_PERIOD_MS = 200 };

/* `inventory` is the struct inventory; for struct periodic_config. */
MUST_USE SUSPENDS struct status changed_worker_run(void *inventory, bool *ret_more);
