#pragma once

/*
 * cart_pb: between messages and the domain.
 */

#include <stddef.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "cart.h"
#include "goods.h"
#include "souk/cart/v1/cart.types.h"

/* Without the lines that were removed. */
MUST_USE Cart *cart_to_pb(const struct cart *cart, struct arena *arena);

/* `answered` are bits of goods_source. */
void cart_views_to_pb(const struct line_view *views, size_t count, unsigned answered,
                      struct arena *arena, GetCartResponse *ret);
