#pragma once

/*
 * category_pb: categories as messages.
 */

#include "base/arena.h"
#include "base/attributes.h"
#include "category.h"
#include "souk/listing/v1/catalog.types.h"

MUST_USE Category *category_to_pb(const struct category *category, struct arena *arena);
