#pragma once

/*
 * snapshot_repo: contents of items that somebody bought or may buy, kept for good. Table: snapshot;
 * reads item and sku.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "item.h"

struct db_tx;

struct snapshot {
    int64_t id;
    int64_t item_version; /* the first with this content */
    const void *document;
    size_t document_size;
    int64_t created_us;
};

/* Of an item that was never on sale there is none. */
MUST_USE SUSPENDS struct status snapshot_repo_find(struct db_tx *tx, int64_t id,
                                                   struct arena *arena, struct snapshot *ret,
                                                   bool *ret_found);

/* Keeps the content of each item under the id at its place, unless it is kept already. */
MUST_USE SUSPENDS struct status snapshot_repo_insert(struct db_tx *tx, const struct item *items,
                                                     const int64_t *ids, size_t count,
                                                     struct arena *arena);

/* A SKU as it can be bought now. */
struct sku_state {
    int64_t sku_id;
    int64_t item_id;
    const char *sku_code;
    const char *sku_title;
    const char *item_title;
    int64_t category_id;
    int64_t shop_id;
    int64_t supplier_id;
    bool physical;
    enum item_status status;
    int64_t item_version;
    int64_t snapshot_id; /* of the item's present content; 0: not kept yet */
};

/* Those that are known, in no particular order. At most DB_SET_MAX. */
MUST_USE SUSPENDS struct status snapshot_repo_find_skus(struct db_tx *tx, const int64_t *sku_ids,
                                                        size_t count, struct arena *arena,
                                                        struct sku_state **ret, size_t *ret_count);
