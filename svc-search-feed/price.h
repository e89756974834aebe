#pragma once

/*
 * price: what a SKU costs at a moment, from the windows in which its prices are valid.
 *
 * The same rule as svc-pricing's: a sale price goes before the base price while it is valid.
 * Pure. Source: 000 (price with validity), souk/pricing/v1.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/money.h"

enum price_kind { PRICE_BASE = 1, PRICE_SALE = 2 };

struct price_window {
    enum price_kind kind;
    struct money amount;
    int64_t from_us;
    int64_t to_us; /* outside; 0: until further notice */
    int64_t version;
};

/* The windows of a SKU. */
struct price_list {
    const struct price_window *windows;
    size_t count;
};

/* Where windows of one kind overlap the one set last decides. False: nothing is valid then. */
MUST_USE bool price_at(const struct price_list *list, int64_t now_us, struct money *ret);

/* The next moment after `now_us` at which a window begins or ends; 0: nothing more changes. */
MUST_USE int64_t price_next_edge(const struct price_list *list, int64_t now_us);

/*
 * The lowest of an item's prices. An item has one currency; should there be several, the first
 * one's counts. False without any price.
 */
MUST_USE bool price_lowest(const struct money *prices, size_t count, struct money *ret);

/*
 * The largest of 0, 100, 200, 500, 1000, 2000 ... that is not above: what prices are counted by in
 * facets. The steps suit any currency.
 */
MUST_USE int64_t price_step(int64_t minor);
