#pragma once

/*
 * index_worker: brings documents that are due to the search engine, many at once, and notes what it
 * has. While the engine is away everything stays due, and nothing is lost.
 *
 * Several processes may do it side by side: the engine keeps the highest version. Every few seconds
 * it looks whether the index is still there (index_prepare).
 */

#include <stdbool.h>

#include "base/attributes.h"
#include "base/status.h"

#define INDEX_WORKER "search.index"

enum { INDEX_PERIOD_MS = 500, INDEX_LIMIT_MS = 30000 };

/* `search` is the struct search; for struct periodic_config. */
MUST_USE SUSPENDS struct status index_worker_run(void *search, bool *ret_more);
