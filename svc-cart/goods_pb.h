#pragma once

/*
 * goods_pb: asks other services about the goods in a cart, all of them at the same time.
 */

#include <stddef.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "cart.h"
#include "cart_app.h"
#include "goods.h"

/*
 * Asks `whom` (bits of goods_source) about `lines`, of which there is one at least. `ret` has one
 * for each line, in the arena; `*ret_answered` is who answered within the app's time, or within
 * three quarters of the caller's if that is sooner. Who did not was cancelled and logged. Not OK
 * only when the caller itself is out of time or was cancelled.
 */
MUST_USE SUSPENDS struct status goods_ask(const struct cart_app *app, unsigned whom,
                                          const struct cart_line *lines, size_t count,
                                          struct arena *arena, struct goods **ret,
                                          unsigned *ret_answered);

/* "listing"; of one bit. */
const char *goods_source_name(enum goods_source source);
