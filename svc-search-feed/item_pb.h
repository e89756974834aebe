#pragma once

/*
 * item_pb: between svc-listing's messages and item.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "item.h"
#include "souk/listing/v1/catalog.types.h"

/* sku_ids rise and are at most DOCUMENT_SKUS_MAX. Texts stay in the message. */
MUST_USE struct item item_from_pb(const Item *message, struct arena *arena);

/* False for bytes that are no Item. */
MUST_USE bool item_unpack(const void *bytes, size_t size, struct arena *arena, struct item *ret);
