#pragma once

/*
 * price_change: one line of a SKU's history: what was set in place of what, by whom and why. Rows
 * of price say what is valid when, pieces and all; this says what people did.
 *
 * Pure. Source: 003 "商品的价格和库存" (price change log).
 */

#include "base/attributes.h"
#include "price.h"

#define PRICE_NONE (-1LL)

struct price_change {
    struct price price;       /* as it was set */
    int64_t old_amount_minor; /* of that kind, when it starts; PRICE_NONE */
    const char *comment;
};

/* `before` are the SKU's prices until now. */
MUST_USE struct price_change price_change_make(const struct price *want,
                                               const struct price_list *before,
                                               const char *comment);
