#pragma once

/*
 * price: what a SKU costs, and when. A price is valid in a window of time; the windows of one kind
 * do not overlap, because what is set later replaces what was there within its window. Nothing is
 * changed for that: a price that is cut ends, and pieces of it begin in its place, so that what was
 * set is never lost.
 *
 * Pure. Invariants of a SKU's prices in force: windows of a kind are disjoint; from the first base
 * price on there is one at any time; while a sale price is valid there is a base price.
 * Source: 003 "商品的价格和库存" (price_tab with validity).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/money.h"
#include "base/status.h"

/* In the database: never change the numbers. */
enum price_kind { PRICE_BASE = 1, PRICE_SALE = 2 };

#define PRICE_AMOUNT_MAX 1000000000000LL
/* The end of the year 9999, the last moment that a DATETIME can say: until further notice. */
#define PRICE_FOREVER_US 253402300799999999LL

enum { PRICES_MAX = 200 }; /* of a SKU, valid now or later */

struct price {
    int64_t id; /* 0: not stored yet */
    enum price_kind kind;
    int64_t amount_minor;
    int64_t from_us;
    int64_t to_us;   /* not part of the window */
    int64_t version; /* of the SKU, made by setting it; a piece keeps it */
    char set_by[40];
    int64_t set_us;
    bool ended; /* replaced by the last change: in force no longer */
};

/*
 * Prices of a SKU that are valid now or later, by kind and time. After a change also those that it
 * ended, and those that it began, which have no id yet.
 */
struct price_list {
    struct price *prices;
    size_t count;
};

/* INVALID_ARGUMENT WINDOW_EMPTY. A window that starts in the past starts now. */
MUST_USE struct status price_window(int64_t from_us, int64_t to_us, int64_t now_us,
                                    struct price *ret);

/*
 * Sets a price: ends what overlaps it, begins what is left of that, begins the price. `ret` has the
 * list as it is afterwards, in the arena. FAILED_PRECONDITION NO_BASE_PRICE, BASE_PRICE_GAP,
 * TOO_MANY_PRICES.
 */
MUST_USE struct status price_put(const struct price_list *list, const struct price *want,
                                 int64_t now_us, struct arena *arena, struct price_list *ret);

/* In force, and valid now or later. */
MUST_USE bool price_is_ahead(const struct price *price, int64_t now_us);

/* Of a kind, valid at that time; NULL when there is none. */
MUST_USE const struct price *price_at(const struct price_list *list, enum price_kind kind,
                                      int64_t at_us);

MUST_USE struct money price_amount(const struct price *price, const char currency[4]);
