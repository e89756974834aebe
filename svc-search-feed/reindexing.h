#pragma once

/*
 * reindexing: begins to make the index anew, by the schema of this process. There is one at a time;
 * one that another release began is given up for it. reindex_worker does the rest.
 */

#include <stdbool.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "engine.h"
#include "reindex_repo.h"

struct db_tx;

/* `*ret` is the one that runs; `*ret_begun` is false when it did before. */
MUST_USE SUSPENDS struct status reindexing_begin(struct db_tx *tx, const struct engine *engine,
                                                 struct arena *arena, struct reindex *ret,
                                                 bool *ret_begun);

/*
 * Where the one that was begun last has the schema of this process, and was given up because its
 * index was not made in time: nobody has wanted anything else since.
 */
MUST_USE SUSPENDS struct status reindexing_begin_again(struct db_tx *tx,
                                                       const struct engine *engine,
                                                       struct arena *arena, bool *ret_begun);
