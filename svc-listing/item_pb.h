#pragma once

/*
 * item_pb: between messages and items. An item's content is stored as a packed Item without what
 * its row has beside it: status, version and times.
 */

#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "item.h"
#include "snapshot_repo.h"
#include "souk/listing/v1/catalog.types.h"
#include "souk/listing/v1/listing.types.h"

/* Packs a draft's content into `item`, in the arena. */
void item_pack_document(struct item *item, const ItemDraft *draft, const int64_t *sku_ids,
                        struct arena *arena);

/* The whole item. INTERNAL when what is stored is none. */
MUST_USE struct status item_to_pb(const struct item *item, struct arena *arena, Item **ret);
/* As it was, without status and times. */
MUST_USE struct status snapshot_to_pb(const struct snapshot *snapshot, struct arena *arena,
                                      Item **ret);
MUST_USE SkuSnapshot *sku_state_to_pb(const struct sku_state *state, struct arena *arena);

/* ITEM_ANY for UNSPECIFIED. */
MUST_USE int item_status_from_pb(ItemStatus status);
