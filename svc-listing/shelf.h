#pragma once

/*
 * shelf: an item moves on or off the shelf, in the caller's transaction, and its listing with it:
 * both rows by compare-and-set, a row of history for each, and what others are told.
 */

#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "catalog.h"
#include "item.h"
#include "listing_flow.h"
#include "sku_stock_repo.h"

struct db_tx;

/* The item's row and history. It was locked, and its listing before it. */
MUST_USE SUSPENDS struct status shelf_move_item(struct db_tx *tx, struct item *item,
                                                enum item_status to,
                                                const struct flow_cause *cause);

/* A locked SKU was sold out, or came in again. Its item follows if it is on the shelf. */
MUST_USE SUSPENDS struct status shelf_take_stock(const struct catalog *catalog, struct db_tx *tx,
                                                 const struct sku_stock *stock, int64_t now_us,
                                                 struct arena *arena);

/*
 * The item has just come onto the shelf, and nobody looked at its stock: off again where nothing is
 * left. Both are locked.
 */
MUST_USE SUSPENDS struct status shelf_check_stock(const struct catalog *catalog, struct db_tx *tx,
                                                  struct item *item, struct listing *listing,
                                                  int64_t now_us, struct arena *arena);

/*
 * Takes a published item off, or puts it back; `item` was read, not locked. ABORTED
 * VERSION_MISMATCH, FAILED_PRECONDITION ILLEGAL_TRANSITION.
 */
MUST_USE SUSPENDS struct status shelf_change(const struct catalog *catalog, struct db_tx *tx,
                                             struct item *item, int64_t version,
                                             enum item_status to, const struct flow_cause *cause,
                                             struct arena *arena);
