#pragma once

/*
 * caller: what a caller may see and do of listings and items. Of another's thing he does not even
 * learn that it is there.
 */

#include <stdbool.h>

#include "base/attributes.h"
#include "io/request.h"
#include "item.h"
#include "listing.h"
#include "source.h"

/* For roles that may call ListingService. */
enum feeder caller_feeder(const struct caller *caller);

MUST_USE bool caller_owns(const struct caller *caller, int64_t shop_id, int64_t supplier_id);
MUST_USE bool caller_sees_listing(const struct caller *caller, const struct listing *listing);
/*
 * What is on sale or sold out everybody sees, the rest only its owner; what was removed nobody.
 */
MUST_USE bool caller_sees_item(const struct caller *caller, const struct item *item);
