#pragma once

/*
 * sku_price_repo: owners, currencies and versions in the database. Table: sku_price.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/status.h"
#include "sku_price.h"

struct db_tx;

/* False when the SKU is not known. */
MUST_USE SUSPENDS struct status sku_price_repo_find(struct db_tx *tx, int64_t sku_id,
                                                    struct sku_price *ret, bool *ret_found);
/* As above, and the row is locked until the transaction ends. */
MUST_USE SUSPENDS struct status sku_price_repo_lock(struct db_tx *tx, int64_t sku_id,
                                                    struct sku_price *ret, bool *ret_found);
/* ALREADY_EXISTS DUPLICATE_KEY when somebody was faster. */
MUST_USE SUSPENDS struct status sku_price_repo_insert(struct db_tx *tx,
                                                      const struct sku_price *sku);
/* The versions of a row that the transaction has locked or inserted. */
MUST_USE SUSPENDS struct status sku_price_repo_save(struct db_tx *tx, const struct sku_price *sku);
