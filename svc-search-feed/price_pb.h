#pragma once

/*
 * price_pb: from svc-pricing's messages to prices.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/money.h"
#include "price.h"
#include "souk/common/v1/types.types.h"

/* The windows of a packed price.changed, in the arena. False for bytes that are none. */
MUST_USE bool price_list_unpack(const void *bytes, size_t size, struct arena *arena,
                                struct price_list *ret);

/* False when nothing is set, or the currency is no word of three letters. */
MUST_USE bool money_from_pb(const Money *message, struct money *ret);
/* In the arena. */
MUST_USE Money *money_to_pb(const struct money *money, struct arena *arena);
