#pragma once

/*
 * cart: what a customer means to buy, a line for each SKU. What is done to a cart marks the lines
 * that it changes and, if there are any, counts the version up by one; the repository saves the
 * marked lines.
 *
 * Pure. Source: 003 "购物车模块的实现和优化" (user, item, SKU, quantity, time added), 000 3.5.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/money.h"
#include "base/status.h"

enum { CART_LINES_MAX = 200, CART_QUANTITY_MAX = 10000 };

enum cart_line_mark { CART_LINE_SAME, CART_LINE_CHANGED, CART_LINE_REMOVED };

struct cart_line {
    int64_t sku_id;
    int64_t item_id;
    int64_t quantity;
    bool selected;
    struct money price; /* of one, when it was put in last; no currency: not known */
    int64_t position;   /* lines are in the order of it: the version that put it in */
    int64_t added_us;
    enum cart_line_mark mark;
};

struct cart {
    int64_t user_id;
    int64_t version;
    struct cart_line *lines; /* with those that were removed; room for CART_LINES_MAX */
    size_t count;
    bool changed;
};

/* NULL when there is none. */
MUST_USE const struct cart_line *cart_find(const struct cart *cart, int64_t sku_id);

/* ABORTED VERSION_MISMATCH. */
MUST_USE struct status cart_check_version(const struct cart *cart, int64_t version);

/*
 * Puts `line` in, or adds its quantity to the line of the same SKU, which takes over its item and
 * its price if that is known. FAILED_PRECONDITION CART_FULL, QUANTITY_TOO_LARGE.
 */
MUST_USE struct status cart_add(struct cart *cart, const struct cart_line *line);

/* NOT_FOUND LINE_UNKNOWN. */
MUST_USE struct status cart_set_quantity(struct cart *cart, int64_t sku_id, int64_t quantity);

/* Exactly these are selected afterwards. NOT_FOUND LINE_UNKNOWN, and nothing changed. */
MUST_USE struct status cart_select(struct cart *cart, const int64_t *sku_ids, size_t count);

/* What is not there is fine. */
void cart_remove(struct cart *cart, const int64_t *sku_ids, size_t count);
void cart_clear(struct cart *cart);
