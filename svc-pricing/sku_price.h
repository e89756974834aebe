#pragma once

/*
 * sku_price: whose prices those of a SKU are, in which currency, and how often they changed. Owner
 * and currency are fixed when the SKU becomes known. Its row is what a change of prices locks.
 *
 * Pure.
 */

#include <stdint.h>

#include "base/attributes.h"
#include "base/money.h"
#include "base/status.h"

struct sku_price {
    int64_t sku_id;
    char currency[4];
    int64_t version;       /* counts the prices that were set */
    int64_t event_version; /* counts the events that told of it */
    int64_t shop_id;
    int64_t supplier_id;
};

/* A SKU without a price. */
struct sku_price sku_price_new(int64_t sku_id, const struct money *amount, int64_t shop_id,
                               int64_t supplier_id);

/*
 * A price of that amount is set by somebody who saw `version`. ABORTED VERSION_MISMATCH,
 * INVALID_ARGUMENT CURRENCY_MISMATCH.
 */
MUST_USE struct status sku_price_change(struct sku_price *sku, int64_t version,
                                        const struct money *amount);
