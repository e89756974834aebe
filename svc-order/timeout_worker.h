#pragma once

/*
 * timeout_worker: what happens to orders when their time is over, by the database's clock. Not paid
 * in time they are cancelled; shipped and never said to be received they are complete.
 */

#include <stdbool.h>

#include "base/attributes.h"
#include "base/status.h"

enum { TIMEOUT_PERIOD_MS = 1000 };

/* `order_app` is the struct order_app; for struct periodic_config. */
MUST_USE SUSPENDS struct status timeout_worker_cancel_unpaid(void *order_app, bool *ret_more);
MUST_USE SUSPENDS struct status timeout_worker_complete_shipped(void *order_app, bool *ret_more);
