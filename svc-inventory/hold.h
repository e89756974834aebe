#pragma once

/*
 * hold: the transactions of a reservation, used by the handlers and the expiry sweep.
 */

#include <stdbool.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "inventory.h"
#include "reservation.h"

struct db_tx;

/* What could not be held. */
struct hold_shortage {
    int64_t sku_id; /* 0: nothing was short */
    int64_t wanted;
    int64_t free;
};

/*
 * Holds the stock of all lines, in a transaction of its own. A hold that is there already is found:
 * `want` becomes it; else it learns when it expires. Refusals as InventoryService.ReserveStock.
 */
MUST_USE SUSPENDS struct status hold_reserve(const struct inventory *inventory,
                                             struct reservation *want, int64_t ttl_s,
                                             const char *caller, struct arena *arena,
                                             struct hold_shortage *ret_shortage);

/*
 * Ends a hold that `reservation` was read and locked as, in the caller's transaction. Nothing is
 * written when it had ended that way before.
 */
MUST_USE SUSPENDS struct status hold_end(const struct inventory *inventory, struct db_tx *tx,
                                         struct reservation *reservation,
                                         enum reservation_event event, const char *caller,
                                         struct arena *arena);
