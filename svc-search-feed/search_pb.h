#pragma once

/*
 * search_pb: between SearchService's messages and queries and what they find.
 */

#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "found.h"
#include "query.h"
#include "reindex_repo.h"
#include "souk/search/v1/search.types.h"

/*
 * INVALID_ARGUMENT PRICE_RANGE_INVALID, PAGE_TOKEN_INVALID. `*ret_digest` tells this list of hits
 * from others.
 */
MUST_USE struct status query_from_pb(const SearchRequest *in, struct arena *arena,
                                     struct query *ret, uint64_t *ret_digest);

MUST_USE Reindexing *reindex_to_pb(const struct reindex *reindex, struct arena *arena);

void found_to_pb(const struct found *found, const struct query *query, uint64_t digest,
                 struct arena *arena, SearchResponse *ret);
