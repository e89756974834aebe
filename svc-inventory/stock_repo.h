#pragma once

/*
 * stock_repo: stock in the database. Table: stock.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "stock.h"

struct db_tx;

/* False when the SKU is not known. */
MUST_USE SUSPENDS struct status stock_repo_find(struct db_tx *tx, int64_t sku_id, struct stock *ret,
                                                bool *ret_found);
/* As above, and the row is locked until the transaction ends. */
MUST_USE SUSPENDS struct status stock_repo_lock(struct db_tx *tx, int64_t sku_id, struct stock *ret,
                                                bool *ret_found);

/* Those that are known, in no particular order. At most DB_SET_MAX ids. */
MUST_USE SUSPENDS struct status stock_repo_find_many(struct db_tx *tx, const int64_t *sku_ids,
                                                     size_t count, struct arena *arena,
                                                     struct stock **ret, size_t *ret_count);
/* Locked in their order; `sku_ids` rises. NOT_FOUND SKU_UNKNOWN names the first that is missing. */
MUST_USE SUSPENDS struct status stock_repo_lock_many(struct db_tx *tx, const int64_t *sku_ids,
                                                     size_t count, struct arena *arena,
                                                     struct stock *ret);

/* ALREADY_EXISTS DUPLICATE_KEY when somebody was faster. The change will be told. */
MUST_USE SUSPENDS struct status stock_repo_insert(struct db_tx *tx, const struct stock *stock);
/* Of rows that the transaction has locked. The change will be told. */
MUST_USE SUSPENDS struct status stock_repo_save(struct db_tx *tx, const struct stock *stock);
MUST_USE SUSPENDS struct status stock_repo_save_counts(struct db_tx *tx, const struct stock *before,
                                                       const struct stock *after, size_t count,
                                                       struct arena *arena);

/*
 * Locks up to `most` stocks whose change was not told yet; `ret_versions` are those of the events
 * to write.
 */
MUST_USE SUSPENDS struct status stock_repo_lock_untold(struct db_tx *tx, size_t most,
                                                       struct arena *arena, struct stock **ret,
                                                       int64_t **ret_versions, size_t *ret_count);
MUST_USE SUSPENDS struct status stock_repo_mark_told(struct db_tx *tx, const struct stock *stocks,
                                                     size_t count, struct arena *arena);
