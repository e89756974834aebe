#pragma once

/*
 * order_plan: from what was asked for, what it is and what it costs to the orders to write: one for
 * each shop, lines in the order they were asked for.
 *
 * Pure. Source: 003 (split by shop), DESIGN 4 (one order a shop under one pay order).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "order.h"

/* What a line is: of the snapshot. What it costs: of the quote. */
struct plan_line {
    int64_t item_id;
    int64_t sku_id;
    int64_t quantity;
    int64_t shop_id;
    int64_t snapshot_id;
    const char *item_title;
    const char *sku_title;
    bool physical;
    struct money base; /* for one */
    struct money total;
};

struct plan_input {
    int64_t user_id;
    int64_t pay_order_id;
    const int64_t *order_ids; /* one for each line; the first ones are used */
    const struct plan_line *lines;
    size_t line_count;
    const void *address; /* packed; NULL: none */
    size_t address_size;
    const char *note;
};

/*
 * Orders are CREATED, without number and times. INVALID_ARGUMENT ADDRESS_MISSING for physical goods
 * without one, MONEY_OVERFLOW, CURRENCY_MISMATCH. Lines and orders are in the arena.
 */
MUST_USE struct status order_plan(const struct plan_input *input, struct arena *arena,
                                  struct order **ret_orders, size_t *ret_count);
