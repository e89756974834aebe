#pragma once

/*
 * sku_repo: SKUs in the database, of known items or not. Table: document_sku.
 *
 * Lists rise by SKU, and SKUs are locked before documents: so nobody waits for each other in a
 * circle.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "sku.h"

struct db_tx;

struct sku_owner {
    int64_t sku_id;
    int64_t item_id;
};

/* Whose they are from now on. Those that were not known are made. */
MUST_USE SUSPENDS struct status sku_repo_assign(struct db_tx *tx, const struct sku_owner *owners,
                                                size_t count, struct arena *arena);

/*
 * Locked until the transaction ends; those that were not known are made. Their prices are not read.
 * At most DB_SET_MAX.
 */
MUST_USE SUSPENDS struct status sku_repo_lock(struct db_tx *tx, const int64_t *sku_ids,
                                              size_t count, struct arena *arena, struct sku *ret);

/* Of locked ones. */
MUST_USE SUSPENDS struct status sku_repo_save_prices(struct db_tx *tx, const struct sku *skus,
                                                     size_t count, struct arena *arena);
MUST_USE SUSPENDS struct status sku_repo_save_stock(struct db_tx *tx, const struct sku *skus,
                                                    size_t count, struct arena *arena);

/* Those that are known, by rising id, with their prices. At most DB_SET_MAX ids. */
MUST_USE SUSPENDS struct status sku_repo_find_many(struct db_tx *tx, const int64_t *sku_ids,
                                                   size_t count, struct arena *arena,
                                                   struct sku **ret, size_t *ret_count);
