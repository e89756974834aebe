#pragma once

/*
 * sku_stock_repo: which SKUs are sold out, as svc-inventory last told. A SKU of which it told
 * nothing yet has no row: there may be some. Table: sku_stock; reads sku and item.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"

struct db_tx;

struct sku_stock {
    int64_t sku_id;
    int64_t item_id;
    int64_t listing_id; /* the item's */
    bool sold_out;
    int64_t version; /* of the event that said so; 0: none did */
};

/*
 * Those that an item has, in no particular order; nobody else has them until the transaction ends.
 * Before any listing is locked. At most DB_SET_MAX ids.
 */
MUST_USE SUSPENDS struct status sku_stock_repo_lock(struct db_tx *tx, const int64_t *sku_ids,
                                                    size_t count, struct arena *arena,
                                                    struct sku_stock **ret, size_t *ret_count);
MUST_USE SUSPENDS struct status sku_stock_repo_save(struct db_tx *tx,
                                                    const struct sku_stock *stocks, size_t count,
                                                    struct arena *arena);

/* Is there a SKU of the item that is not sold out? */
MUST_USE SUSPENDS struct status sku_stock_repo_is_left(struct db_tx *tx, int64_t item_id,
                                                       bool *ret);
