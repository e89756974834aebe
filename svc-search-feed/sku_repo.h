#pragma once

/*
 * sku_repo: SKUs in the database, known items or not. Table: document_sku.
 *
 * Whoever changes a SKU and its document locks the SKU first.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "sku.h"

struct db_tx;

/* `sku_ids` rise. They belong to the item from now on; those that were not known are made. */
MUST_USE SUSPENDS struct status sku_repo_assign(struct db_tx *tx, int64_t item_id,
                                                const int64_t *sku_ids, size_t count,
                                                struct arena *arena);

/* Locked until the transaction ends; made when it is not known. Its prices are not read. */
MUST_USE SUSPENDS struct status sku_repo_lock(struct db_tx *tx, int64_t sku_id, struct sku *ret);

MUST_USE SUSPENDS struct status sku_repo_save_prices(struct db_tx *tx, const struct sku *sku);
MUST_USE SUSPENDS struct status sku_repo_save_stock(struct db_tx *tx, const struct sku *sku);

/* Those that are known, by rising id, with their prices. At most DB_SET_MAX ids. */
MUST_USE SUSPENDS struct status sku_repo_find_many(struct db_tx *tx, const int64_t *sku_ids,
                                                   size_t count, struct arena *arena,
                                                   struct sku **ret, size_t *ret_count);
