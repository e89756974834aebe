#pragma once

/*
 * listing_goods: the goods of a listing and the category that they are in, for who judges or
 * publishes them.
 */

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "category.h"
#include "goods.h"
#include "listing.h"
#include "souk/listing/v1/listing.types.h"

struct db_tx;

struct listing_goods {
    struct category category;
    ItemDraft *draft;
    struct goods goods; /* texts are the draft's */
};

/* All in the arena. INTERNAL when the category is gone or the stored draft is none. */
MUST_USE SUSPENDS struct status listing_goods_read(struct db_tx *tx, const struct listing *listing,
                                                   struct arena *arena, struct listing_goods *ret);
