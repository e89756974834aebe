#pragma once

/*
 * pricing_events: what happened to prices, as rows of the outbox.
 */

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "price.h"
#include "pricing.h"
#include "sku_price.h"

struct db_tx;

/* price.changed: `put` was set, `list` is as it is afterwards. */
MUST_USE SUSPENDS struct status pricing_tell_changed(const struct pricing *pricing,
                                                     struct db_tx *tx, const struct sku_price *sku,
                                                     const struct price *put,
                                                     const struct price_list *list, int64_t now_us,
                                                     struct arena *arena);
