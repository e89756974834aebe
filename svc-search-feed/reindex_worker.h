#pragma once

/*
 * reindex_worker: makes an index anew while the one before is searched.
 *
 * A row of the table reindex, begun by SearchService.Reindex or at start (reindexing), says which.
 * The new index has an alias of its own until it is complete; it is filled from the table of
 * documents by rising id, and the index_worker sends what changes meanwhile to both. External
 * versions let the two overtake each other. When the last document is there, one request puts the
 * new index behind the alias that is searched; the old one is removed when no search can be at it
 * any more.
 *
 * Each step may be done twice, broken off anywhere, and done by several processes side by side. The
 * row has the new index's uuid: what was done for one that is lost does not count for the next.
 * Processes of another release, which would make it by another schema, leave it alone; those whose
 * index is searched give it up when after a minute its index is not there. An index that the engine
 * refuses to make is given up, too. A document that the old index has and the new one refuses keeps
 * it from getting on.
 *
 * Taking the new index's alias away is what one of those does who would put it in its place or
 * remove it: an index that somebody else put in its place is never removed.
 */

#include <stdbool.h>

#include "base/attributes.h"
#include "base/status.h"

#define REINDEX_WORKER "search.reindex"

enum { REINDEX_PERIOD_MS = 1000, REINDEX_LIMIT_MS = 30000 };

/* `search` is the struct search; for struct periodic_config. */
MUST_USE SUSPENDS struct status reindex_worker_run(void *search, bool *ret_more);
