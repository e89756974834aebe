#pragma once

/*
 * hydrate: prices and stock of a page's hits as they are now, asked of svc-pricing and
 * svc-inventory side by side. Whoever does not answer in time is done without: those hits stay as
 * the index has them.
 *
 * Source: 000 (hydrate under a deadline, partial success).
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "found.h"
#include "search.h"

/* SKUs in one call, and calls to each peer for one page: SKUs beyond them stay as indexed. */
enum { HYDRATE_CALL_SKUS = 200, HYDRATE_CALLS_MAX = 5 };

/* True when every hit is as of now. */
MUST_USE SUSPENDS bool hydrate(const struct search *search, struct hit *hits, size_t count,
                               struct arena *arena);
