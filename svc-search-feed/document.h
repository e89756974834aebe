#pragma once

/*
 * document: an item as the search engine has it, at a moment: what the item says, the price of its
 * cheapest SKU then, whether any SKU can be had.
 *
 * Pure.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/money.h"
#include "item.h"
#include "price.h"
#include "sku.h"

/* Beyond it an item's SKUs do not count. svc-listing allows 50. */
enum { DOCUMENT_SKUS_MAX = 100 };

struct document {
    struct item item;
    bool is_priced;
    struct money price_from;
    bool in_stock;
    int64_t stale_us; /* when a price window begins or ends next; 0: never */
};

/* `skus` are those of the item that are known, prices[i] belongs to skus[i]. */
struct document document_make(const struct item *item, const struct sku *skus,
                              const struct price_list *prices, size_t count, int64_t now_us);

/* "ONLINE"; in the index and in filters. */
const char *item_status_name(enum item_status status);

/* How long a document that the engine refused so many times in a row is left alone. */
int64_t document_pause_us(unsigned failures);
