#pragma once

/*
 * draft_pb: a draft that came in a request, checked and packed for its listing.
 */

#include "base/attributes.h"
#include "base/status.h"
#include "category.h"
#include "io/request.h"
#include "listing.h"
#include "souk/listing/v1/listing.types.h"
#include "violations.h"

/*
 * Adds what is wrong with the draft to `violations`. When nothing is wrong at all the packed draft
 * is the listing's; otherwise INVALID_ARGUMENT, and the request's details name everything.
 */
MUST_USE struct status draft_check(struct request *rq, const struct category *category,
                                   const ItemDraft *draft, struct violations *violations,
                                   struct listing *listing);
