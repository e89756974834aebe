#pragma once

/*
 * goods_pb: between the messages of a draft and the domain.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "goods.h"
#include "souk/listing/v1/listing.types.h"

/* Texts stay the message's; lists are in the arena. */
void goods_from_pb(const ItemDraft *draft, struct arena *arena, struct goods *ret);

/* A draft as it is stored. INTERNAL for bytes that are none. */
MUST_USE struct status goods_unpack(const void *bytes, size_t size, struct arena *arena,
                                    ItemDraft **ret);
