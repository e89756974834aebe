#pragma once

/*
 * item_repo: items and their SKUs in the database. An item's content is packed in its row; columns
 * beside it are what is searched, and item_text, which is read only where the title does not fit.
 * Tables: item, item_text, sku, item_history.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "goods.h"
#include "item.h"

struct db_tx;

/* With its document; everything is in the arena. */
MUST_USE SUSPENDS struct status item_repo_find(struct db_tx *tx, int64_t id, struct arena *arena,
                                               struct item *ret, bool *ret_found);
/* As above, and the row is locked until the transaction ends. */
MUST_USE SUSPENDS struct status item_repo_lock(struct db_tx *tx, int64_t id, struct arena *arena,
                                               struct item *ret, bool *ret_found);
/* Those that are known, in their order. At most DB_SET_MAX ids. */
MUST_USE SUSPENDS struct status item_repo_find_many(struct db_tx *tx, const int64_t *ids,
                                                    size_t count, struct arena *arena,
                                                    struct item **ret, size_t *ret_count);

/* ALREADY_EXISTS DUPLICATE_KEY when it is there already. */
MUST_USE SUSPENDS struct status item_repo_insert(struct db_tx *tx, const struct item *item);
/* What is searched of it besides its columns. */
MUST_USE SUSPENDS struct status item_repo_insert_text(struct db_tx *tx, int64_t item_id,
                                                      const char *description);
/* `sku_ids` are those of goods->skus, in their order. */
MUST_USE SUSPENDS struct status item_repo_insert_skus(struct db_tx *tx, int64_t item_id,
                                                      const struct goods *goods,
                                                      const int64_t *sku_ids, struct arena *arena);

/* Status and version, from the version before. ABORTED VERSION_MISMATCH. */
MUST_USE SUSPENDS struct status item_repo_save_status(struct db_tx *tx, const struct item *item,
                                                      int64_t version_before);
MUST_USE SUSPENDS struct status item_repo_insert_change(struct db_tx *tx, const struct item *item,
                                                        const struct item_change *change,
                                                        const char *comment,
                                                        const char *changed_by);

/*
 * Which items fit, newest first, behind `before_id`; 0, "" and ITEM_ANY leave a condition out, and
 * removed items fit nothing. Looks at `most` items at the most, those of the shop, the supplier or
 * the one category.
 */
enum { ITEM_ANY = -1 };
#define ITEM_TIME_END 253402300799999999ll /* 9999-12-31: no row is later */

struct item_query {
    const int64_t *category_ids;
    size_t category_count;
    int source;
    int status;
    int64_t shop_id;
    int64_t supplier_id;
    int64_t created_from_us;
    int64_t created_to_us; /* outside; ITEM_TIME_END: all */
    const char *keyword;   /* part of the title or the description */
    int64_t before_id;
    size_t most;
};

struct item_scan {
    int64_t *ids; /* that fit, in the arena */
    size_t count;
    size_t looked_at;
    int64_t last_id; /* that was looked at */
};

MUST_USE SUSPENDS struct status item_repo_scan(struct db_tx *tx, const struct item_query *query,
                                               struct arena *arena, struct item_scan *ret);
