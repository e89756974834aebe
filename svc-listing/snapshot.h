#pragma once

/*
 * snapshot: is an item's content what it was before? A digest over all that a buyer was promised,
 * so that equal contents share one snapshot however often status and version change.
 *
 * Pure. Source: 003 (snapshots, 摘要比对).
 */

#include "goods.h"
#include "item.h"

/*
 * XXH3 128 over a canonical packing: each field in its order, its length before it. Adding a field
 * changes every digest: then old contents get a new snapshot once, and nothing breaks. `sku_ids`
 * are those of goods->skus, in their order.
 */
void snapshot_digest(const struct item *item, const struct goods *goods, const int64_t *sku_ids,
                     unsigned char ret[ITEM_DIGEST_SIZE]);
