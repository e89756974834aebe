#pragma once

/*
 * reindex_repo: indexes that are made anew. A row says which index, and how far it is. Table:
 * reindex.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"

struct db_tx;

/* Why nobody makes it any more. */
enum giving_up {
    NOT_GIVEN_UP = 0,
    GIVEN_UP_NOT_MADE = 1, /* not in time; of releases that knew no reasons: for any */
    GIVEN_UP_UNWANTED = 2, /* the engine refused it, or somebody wants another one */
};

struct reindex {
    int64_t reindex_id;
    bool is_running;
    enum giving_up given_up;
    const char *index;  /* the new one */
    const char *uuid;   /* the engine's of it; "": it has yet to be made */
    const char *schema; /* and what it is made by (index_schema) */
    int64_t done_up_to; /* items up to this one are in that index; 0: none */
    int64_t items;
    int64_t started_us;
    int64_t ended_us; /* 0: it runs */
};

/* A running one. ALREADY_EXISTS DUPLICATE_KEY where there is one. */
MUST_USE SUSPENDS struct status reindex_repo_insert(struct db_tx *tx, const char *index,
                                                    const char *schema, int64_t started_us);
/* `*ret_found` is false when there is none. */
MUST_USE SUSPENDS struct status reindex_repo_find(struct db_tx *tx, int64_t reindex_id,
                                                  struct arena *arena, struct reindex *ret,
                                                  bool *ret_found);
MUST_USE SUSPENDS struct status reindex_repo_find_running(struct db_tx *tx, struct arena *arena,
                                                          struct reindex *ret, bool *ret_found);
/* The one that was begun last, running or not. */
MUST_USE SUSPENDS struct status reindex_repo_find_last(struct db_tx *tx, struct arena *arena,
                                                       struct reindex *ret, bool *ret_found);

/*
 * What follows is about the index that was found with the row: nothing happens where it is made of
 * another one by now.
 */

/* The index was made, and is empty as far as anybody knows. */
MUST_USE SUSPENDS struct status reindex_repo_note_made(struct db_tx *tx,
                                                       const struct reindex *reindex,
                                                       const char *uuid);
/*
 * It is as far as `done_up_to`, with so many items more. Nothing happens where another process was
 * faster.
 */
MUST_USE SUSPENDS struct status reindex_repo_advance(struct db_tx *tx,
                                                     const struct reindex *reindex,
                                                     int64_t done_up_to, int64_t items);
/* From the beginning: that index is gone. */
MUST_USE SUSPENDS struct status reindex_repo_restart(struct db_tx *tx,
                                                     const struct reindex *reindex);
MUST_USE SUSPENDS struct status reindex_repo_end(struct db_tx *tx, const struct reindex *reindex);
MUST_USE SUSPENDS struct status reindex_repo_give_up(struct db_tx *tx,
                                                     const struct reindex *reindex,
                                                     enum giving_up why);
