#pragma once

/*
 * sku: what is known of a SKU here. Three streams tell of it (its item, its prices, its stock),
 * each with versions of its own, and any of them may come first.
 *
 * Pure. Source: DESIGN 4 (projections take what has the higher version).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"

struct sku {
    int64_t sku_id;
    int64_t item_id;    /* 0: no item has named it yet */
    const void *prices; /* the last price.changed, packed */
    size_t prices_size;
    int64_t price_version; /* 0: none came */
    bool is_unlimited;
    int64_t free;
    int64_t stock_version; /* 0: none came */
};

/* False, and nothing changed, when what is known is as new. */
MUST_USE bool sku_take_prices(struct sku *sku, const void *prices, size_t size, int64_t version);
MUST_USE bool sku_take_stock(struct sku *sku, bool is_unlimited, int64_t free, int64_t version);

MUST_USE bool sku_is_in_stock(const struct sku *sku);
