#pragma once

/*
 * price_repo: prices in the database. Rows are added and ended, never changed otherwise: a row in
 * force has ended_version 0, an ended one the SKU's version that replaced it. Table: price.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "effective_price.h"
#include "price.h"
#include "sku_price.h"

struct db_tx;
struct ids;

/* Those of a SKU that are valid at `now_us` or later. The SKU's row is locked. */
MUST_USE SUSPENDS struct status price_repo_list(struct db_tx *tx, int64_t sku_id, int64_t now_us,
                                                struct arena *arena, struct price_list *ret);

/* Ends what a change of the SKU's prices ended, and adds what it began. */
MUST_USE SUSPENDS struct status price_repo_save(struct db_tx *tx, struct ids *ids,
                                                const struct sku_price *sku,
                                                const struct price_list *list, struct arena *arena);

/*
 * Prices of SKUs that are valid at a time; owners and event versions are not read. At most
 * DB_SET_MAX ids. All of one moment: a change of prices is seen whole or not at all.
 */
MUST_USE SUSPENDS struct status price_repo_find_at(struct db_tx *tx, const int64_t *sku_ids,
                                                   size_t count, int64_t at_us, struct arena *arena,
                                                   struct priced_skus *ret);
