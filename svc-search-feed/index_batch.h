#pragma once

/*
 * index_batch: documents as they are to be at the engine: those that are due, or all.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "document.h"
#include "document_repo.h"

struct db;

/* What an arena for it may need. */
enum { INDEX_BATCH_ARENA_MAX = 256 * 1024 * 1024 };

struct index_entry {
    struct due due;
    struct document document;
    bool is_readable; /* else the stored item is none */
};

struct index_batch {
    int64_t now_us; /* by the database's clock */
    struct index_entry *entries;
    size_t count;
    bool has_more;    /* than were taken */
    int64_t delay_us; /* how long the first of them has been due */
};

/* Everything is in the arena. */
MUST_USE SUSPENDS struct status index_batch_read(struct db *db, struct arena *arena,
                                                 struct index_batch *ret);
/*
 * Of all documents, due or not, by rising id behind `after_id`. Nothing in the table changes; empty
 * behind the last.
 */
MUST_USE SUSPENDS struct status index_batch_read_after(struct db *db, int64_t after_id,
                                                       struct arena *arena,
                                                       struct index_batch *ret);
