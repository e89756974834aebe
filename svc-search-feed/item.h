#pragma once

/*
 * item: what svc-listing says of goods, as far as searching needs it. Plain values.
 */

#include <stddef.h>
#include <stdint.h>

/* In the database: never change the numbers. */
enum item_status {
    ITEM_UNKNOWN = 0, /* a status that this binary does not know: not shown */
    ITEM_HIDDEN = 1,
    ITEM_ONLINE = 2,
    ITEM_OFFLINE = 3,
    ITEM_MAINTAIN = 4,
    ITEM_OUT_OF_STOCK = 5,
};

struct item {
    int64_t item_id;
    int64_t category_id;
    int64_t shop_id;
    enum item_status status;
    const char *title;
    const char *description;
    const char *brand;
    const char *attributes; /* the words of its and its SKUs' attributes, one value a line */
    const char *media_url;  /* the first one; "" without */
    int64_t created_us;
    const int64_t *sku_ids;
    size_t sku_count;
};
