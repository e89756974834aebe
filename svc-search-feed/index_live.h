#pragma once

/*
 * index_live: what the search engine says of an index: by which schema it was made, and whether it
 * was filled from the rows. An index carries both in its mapping's _meta; "filled" is its own uuid,
 * so that one that was deleted and came back, from a copy or by hand, is not taken for the one that
 * was filled.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "engine.h"

struct index_live {
    bool is_there;
    const char *index;   /* its name, where an alias was asked for */
    const char *uuid;    /* the engine's */
    const char *schema;  /* "": it does not say */
    bool is_filled;      /* every document was sent to it, or is due */
    const char *filling; /* else: another one whenever it is to be filled from the beginning */
};

/* `name` is an index or an alias. In the arena. */
MUST_USE SUSPENDS struct status index_live_look(const struct engine *engine, const char *name,
                                                struct arena *arena, struct index_live *ret);

/*
 * Has it one of these documents, in whatever version? `*ret_at` is the first one's place in
 * `item_ids`. UNAVAILABLE when there is no index.
 */
MUST_USE SUSPENDS struct status index_live_find_any(const struct engine *engine, const char *name,
                                                    const int64_t *item_ids, size_t count,
                                                    struct arena *arena, size_t *ret_at,
                                                    bool *ret_found);

/*
 * Notes that it is filled, or that it is to be filled from the beginning. INTERNAL when it is gone.
 * Another index that has its name by now does not count as filled.
 */
MUST_USE SUSPENDS struct status index_live_set_filled(const struct engine *engine,
                                                      const struct index_live *live,
                                                      struct arena *arena);
MUST_USE SUSPENDS struct status index_live_set_unfilled(const struct engine *engine,
                                                        const struct index_live *live,
                                                        int64_t now_us, struct arena *arena);
