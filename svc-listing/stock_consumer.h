#pragma once

/*
 * stock_consumer: takes items off the shelf when the last of their stock is sold, and puts them
 * back when there is some again. What is held for an order is not sold: it may come back.
 *
 * Source: 002 chapter 3.1 (outOfStock).
 */

#include <stddef.h>

#include "base/attributes.h"
#include "base/status.h"
#include "patterns/consumer.h"

#define STOCK_CONSUMER "listing.stock"

extern const struct event_route stock_routes[];
extern const size_t stock_route_count;

/* Of inventory.changed; `catalog` is the struct catalog. */
MUST_USE SUSPENDS struct status stock_consumer_take(void *catalog, struct db_tx *tx,
                                                    const struct consumer_event *events,
                                                    size_t count);
