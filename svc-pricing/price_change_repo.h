#pragma once

/*
 * price_change_repo: the history of prices in the database; rows are only ever added. Table:
 * price_change.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "price_change.h"

struct db_tx;

/* Under the version of its price, which the SKU's locked row has made. */
MUST_USE SUSPENDS struct status price_change_repo_insert(struct db_tx *tx, int64_t sku_id,
                                                         const struct price_change *change);

/* Newest first, below `before_version`. */
MUST_USE SUSPENDS struct status price_change_repo_list(struct db_tx *tx, int64_t sku_id,
                                                       int64_t before_version, size_t most,
                                                       struct arena *arena,
                                                       struct price_change **ret,
                                                       size_t *ret_count);
