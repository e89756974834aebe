#pragma once

/*
 * stock: how many units of a SKU there are, and what may be done with them.
 *
 * free can be held; held belongs to reservations; sold is gone. on_hand = free + held is what the
 * shelf has, and received = on_hand + sold. An unlimited SKU has no shelf: nothing is free,
 * everything can be held.
 *
 * Pure. Invariant: no count is ever negative.
 * Source: 000 (stock), 002 chapter 1.2 (stock models), DESIGN 4.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/status.h"

/* In the database: never change the numbers. */
enum stock_model { STOCK_QUANTITY = 1, STOCK_UNLIMITED = 2 };

struct stock {
    int64_t sku_id;
    enum stock_model model;
    int64_t free;
    int64_t held;
    int64_t sold;
    int64_t version; /* of the counts made by people: set and adjust */
    int64_t shop_id;
    int64_t supplier_id;
    int64_t updated_us;
};

/* A SKU that was never counted. */
struct stock stock_new(int64_t sku_id, enum stock_model model, int64_t shop_id,
                       int64_t supplier_id);

int64_t stock_on_hand(const struct stock *stock);

/* Can so many be held? */
MUST_USE bool stock_has(const struct stock *stock, int64_t quantity);

/*
 * The shelf was counted. ABORTED VERSION_MISMATCH, FAILED_PRECONDITION ON_HAND_BELOW_HELD,
 * INVALID_ARGUMENT STOCK_UNLIMITED for a count other than 0 of what has no shelf.
 */
MUST_USE struct status stock_set(struct stock *stock, int64_t on_hand, int64_t version);

/*
 * FAILED_PRECONDITION INSUFFICIENT_STOCK, STOCK_UNLIMITED; INVALID_ARGUMENT where it would pass
 * STOCK_MAX.
 */
MUST_USE struct status stock_adjust(struct stock *stock, int64_t delta);

/* FAILED_PRECONDITION SOLD_OUT when nothing is free, INSUFFICIENT_STOCK when too little is. */
MUST_USE struct status stock_hold(struct stock *stock, int64_t quantity);

/* Only what was held before: anything else is a bug of ours (INTERNAL HELD_MISMATCH). */
MUST_USE struct status stock_release(struct stock *stock, int64_t quantity);
MUST_USE struct status stock_confirm(struct stock *stock, int64_t quantity);

#define STOCK_MAX 1000000000LL
