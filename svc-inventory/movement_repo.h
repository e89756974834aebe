#pragma once

/*
 * movement_repo: the ledger of stock. Every change of a count is a row, only ever added; the rows
 * of a SKU sum up to its stock. Table: movement.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "stock.h"

struct db_tx;
struct ids;

/* In the database: never change the numbers. */
enum movement_kind {
    MOVEMENT_SET = 1,
    MOVEMENT_ADJUST = 2,
    MOVEMENT_HOLD = 3,
    MOVEMENT_RELEASE = 4,
    MOVEMENT_CONFIRM = 5,
    MOVEMENT_EXPIRE = 6,
};

/* Why the counts change. */
struct movement {
    enum movement_kind kind;
    int64_t reservation_id; /* 0: none */
    const char *reason;     /* of an adjustment; else "" */
    const char *caller;     /* who did it */
};

/* A line of the ledger: what changed, why, and when. */
struct movement_record {
    int64_t id;
    struct movement why;
    int64_t free_delta;
    int64_t held_delta;
    int64_t sold_delta;
    int64_t created_us;
};

/* One row for each stock, from what it was to what it is. */
MUST_USE SUSPENDS struct status movement_repo_insert(struct db_tx *tx, struct ids *ids,
                                                     const struct movement *movement,
                                                     const struct stock *before,
                                                     const struct stock *after, size_t count,
                                                     struct arena *arena);

/* Of one SKU, newest first, those before `before_id`. */
MUST_USE SUSPENDS struct status movement_repo_find(struct db_tx *tx, int64_t sku_id,
                                                   int64_t before_id, size_t most,
                                                   struct arena *arena,
                                                   struct movement_record **ret, size_t *ret_count);
