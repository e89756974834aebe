#pragma once

/*
 * order_access: which orders a caller gets to see. Customers their own, merchants their shop's,
 * operators all; any other is not there: NOT_FOUND ORDER_UNKNOWN.
 */

#include <stdint.h>

#include "base/attributes.h"
#include "base/status.h"
#include "io/request.h"
#include "order.h"
#include "payment_moves.h"

struct db_tx;

/* Without lines. */
MUST_USE SUSPENDS struct status order_find_visible(struct db_tx *tx, struct request *rq,
                                                   int64_t order_id, struct order *ret);

/* The order within its purchase, locked and with its lines. */
MUST_USE SUSPENDS struct status order_lock_visible(struct db_tx *tx, struct request *rq,
                                                   int64_t order_id, struct purchase *ret_purchase,
                                                   struct order **ret);
