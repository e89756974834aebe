#pragma once

/*
 * quote: what lines cost together. Every total is the sum of what explains it; sums that do not fit
 * are refused, nothing is rounded.
 *
 * Pure. Source: DESIGN 4 (quotes) and 6 (money).
 */

#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/money.h"
#include "base/status.h"
#include "effective_price.h"

enum { QUOTE_LINES_MAX = 200 };

struct quote_line {
    int64_t sku_id;
    int64_t quantity;
    struct effective_price price; /* of one */
    /* Worked out. */
    struct money subtotal;   /* at the base price */
    struct money adjustment; /* by a sale price; 0 without one */
    struct money total;
};

struct quote {
    int64_t id;
    int64_t user_id;
    struct quote_line *lines;
    size_t line_count;
    int64_t created_us;
    int64_t expires_us; /* from then on it is not redeemed */
    /* Worked out. */
    struct money subtotal;
    struct money adjustment;
    struct money total; /* to be paid */
};

/* INVALID_ARGUMENT DUPLICATE_LINE: a SKU is in two lines. */
MUST_USE struct status quote_check_lines(const struct quote *quote);

/*
 * From the prices and quantities of its lines, of which there is one at least. INVALID_ARGUMENT
 * MIXED_CURRENCIES, MONEY_OVERFLOW.
 */
MUST_USE struct status quote_work_out(struct quote *quote);
