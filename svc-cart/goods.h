#pragma once

/*
 * goods: what other services say of a cart's lines at this moment. Each says a part; a part is only
 * to be read when its service answered.
 *
 * Pure.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/money.h"
#include "cart.h"

/* Who was asked, or answered: bits. */
enum goods_source { GOODS_LISTING = 1, GOODS_PRICING = 2, GOODS_INVENTORY = 4 };

enum goods_listed {
    GOODS_ITEM_UNKNOWN, /* or not published yet */
    GOODS_SKU_UNKNOWN,  /* the item has no such SKU */
    GOODS_OFF_SALE,
    GOODS_SOLD_OUT, /* the item is out of stock; it may come back */
    GOODS_ONLINE,
};

/* Of one line. Texts live as long as the request. */
struct goods {
    /* svc-listing */
    enum goods_listed listed;
    const char *item_title;
    const char *sku_title; /* both "" where the SKU is not known */
    int64_t shop_id;
    /* svc-pricing */
    struct money price; /* no currency: it has none */
    /* svc-inventory */
    bool unlimited;
    int64_t free; /* 0 for what was never counted */
};

enum line_change_kind {
    LINE_PRICE_CHANGED,
    LINE_LOW_STOCK,
    LINE_SOLD_OUT,
    LINE_NOT_ONLINE,
    LINE_CHANGE_KINDS,
};

/* A line as it would be bought now. */
struct line_view {
    const struct cart_line *line;
    const struct goods *goods;
    struct money total; /* no currency: not known */
    bool changed[LINE_CHANGE_KINDS];
};

/* `answered` are bits of those whose part of `goods` may be read. */
MUST_USE struct line_view line_view_make(const struct cart_line *line, const struct goods *goods,
                                         unsigned answered);

/*
 * Of the selected lines that could be bought. False when there are none, they do not share a
 * currency, or the sum does not fit: `ret` is untouched.
 */
MUST_USE bool line_views_total(const struct line_view *views, size_t count, struct money *ret);
