#pragma once

/*
 * inventory_events: what happened to stock and holds, as rows of the outbox.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "inventory.h"
#include "reservation.h"
#include "stock.h"

struct db_tx;

/* inventory.changed for each stock; versions[i] is that of its event. */
MUST_USE SUSPENDS struct status inventory_tell_changed(const struct inventory *inventory,
                                                       struct db_tx *tx, const struct stock *stocks,
                                                       const int64_t *versions, size_t count,
                                                       struct arena *arena);

/* inventory.reserved, .confirmed or .released, by the reservation's status. */
MUST_USE SUSPENDS struct status inventory_tell_hold(const struct inventory *inventory,
                                                    struct db_tx *tx,
                                                    const struct reservation *reservation,
                                                    struct arena *arena);
