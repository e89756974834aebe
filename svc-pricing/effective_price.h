#pragma once

/*
 * effective_price: what SKUs cost at a time: the sale price where one is valid then, else the base
 * price.
 *
 * Pure.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/money.h"
#include "price.h"
#include "sku_price.h"

/* SKUs and prices of each, by rising SKU. */
struct priced_skus {
    struct priced_sku {
        struct sku_price sku;
        struct price_list list;
    } * skus;
    size_t count;
};

struct effective_price {
    int64_t sku_id;
    struct money base;
    struct money amount;   /* for one */
    enum price_kind kind;  /* which price decides */
    int64_t price_version; /* of that price */
    int64_t version;       /* of the SKU */
};

/* False when the SKU is not among them, or has no base price then: `ret` is untouched. */
MUST_USE bool effective_price_find(const struct priced_skus *skus, int64_t sku_id, int64_t at_us,
                                   struct effective_price *ret);
