#pragma once

/*
 * goods: what is sold, as it is described: the draft of a listing and the content of an item.
 *
 * Pure values; texts and lists belong to whoever made them. Attributes of the item hold for all of
 * its SKUs; a SKU's own goes before the item's. Source: 003 (item, sku), 002 chapter 4.5.2.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/money.h"
#include "violations.h"

/* As much as svc-pricing takes; 10,000 of each of 200 lines still fit an amount. */
#define GOODS_PRICE_MAX INT64_C(1000000000000)

enum attribute_kind {
    ATTRIBUTE_EMPTY, /* a code without a value */
    ATTRIBUTE_TEXT,
    ATTRIBUTE_NUMBER,
    ATTRIBUTE_TIME,
    ATTRIBUTE_JSON,
};

struct attribute {
    const char *code;
    enum attribute_kind kind;
    const char *text; /* of TEXT and JSON */
    int64_t number;   /* of NUMBER; of TIME microseconds since 1970 UTC */
};

struct attribute_list {
    const struct attribute *list;
    size_t count;
};

struct sku {
    const char *code; /* the seller's own */
    const char *title;
    struct attribute_list attributes;
    struct money price; /* its currency may be unknown until goods_check */
    bool unlimited;
    int64_t stock; /* on hand at the start */
};

struct goods {
    const char *title;
    const char *description;
    const char *const *media_urls;
    size_t media_url_count;
    const char *brand;
    struct attribute_list attributes;
    const struct sku *skus;
    size_t sku_count;
};

/* NULL when there is none. */
MUST_USE const struct attribute *attribute_find(const struct attribute_list *attributes,
                                                const char *code);
/* Of a SKU: its own, else the item's. */
MUST_USE const struct attribute *goods_attribute(const struct goods *goods, const struct sku *sku,
                                                 const char *code);

/*
 * What holds in every category: each SKU code once, one known currency, no negative price, no stock
 * of what is unlimited.
 */
void goods_check(const struct goods *goods, struct violations *violations);
