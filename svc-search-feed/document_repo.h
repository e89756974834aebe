#pragma once

/*
 * document_repo: documents in the database, the truth that the search engine follows. Table:
 * document.
 *
 * Every change of an item, a price or a stock is a new doc_version, due to be indexed at once.
 * due_at is NULL while the engine has what is here and no price window is about to begin or end.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "item.h"

struct db_tx;

/* The item as its last event brought it. */
struct document_item {
    const struct item *item;
    const void *packed;
    size_t packed_size;
    int64_t version;
};

/*
 * Lists rise by item, so that nobody waits for each other in a circle. At most DB_SET_MAX.
 */

/*
 * Locked until the transaction ends. `ret_versions` are the items', -1 for one that is not known.
 */
MUST_USE SUSPENDS struct status document_repo_lock(struct db_tx *tx, const int64_t *item_ids,
                                                   size_t count, struct arena *arena,
                                                   int64_t *ret_versions);
/* ALREADY_EXISTS DUPLICATE_KEY when somebody was faster. */
MUST_USE SUSPENDS struct status document_repo_insert(struct db_tx *tx,
                                                     const struct document_item *items,
                                                     size_t count, struct arena *arena);
/* Of a locked one. */
MUST_USE SUSPENDS struct status document_repo_save(struct db_tx *tx,
                                                   const struct document_item *item);
/* Prices or stock changed. Nothing happens to items that are not known. */
MUST_USE SUSPENDS struct status document_repo_touch(struct db_tx *tx, const int64_t *item_ids,
                                                    size_t count, struct arena *arena);

/* A document that is due. */
struct due {
    int64_t item_id;
    int64_t version;
    int64_t indexed_version; /* equal: nothing changed but the time */
    unsigned failures;
    int64_t due_us;
    const void *packed;
    size_t packed_size;
};

/* Those longest due first, at most `most`. */
MUST_USE SUSPENDS struct status document_repo_find_due(struct db_tx *tx, int64_t now_us,
                                                       size_t most, struct arena *arena,
                                                       struct due **ret, size_t *ret_count);

/* All, due or not, by rising id behind `after_id`. */
MUST_USE SUSPENDS struct status document_repo_find_after(struct db_tx *tx, int64_t after_id,
                                                         size_t most, struct arena *arena,
                                                         struct due **ret, size_t *ret_count);

/* The functions below pass over documents that changed since they were found due. */

/* A version of its own for what only the time changed. */
MUST_USE SUSPENDS struct status document_repo_renew(struct db_tx *tx, const int64_t *item_ids,
                                                    size_t count, struct arena *arena);

struct indexed {
    int64_t item_id;
    int64_t version;
    int64_t stale_us; /* due again then; 0: not by itself */
};

MUST_USE SUSPENDS struct status document_repo_save_indexed(struct db_tx *tx,
                                                           const struct indexed *list, size_t count,
                                                           struct arena *arena);
/* The engine does not want it; it is due again then. */
MUST_USE SUSPENDS struct status document_repo_save_refused(struct db_tx *tx, const struct due *due,
                                                           int64_t again_us);

/*
 * For an index that has nothing: makes up to `most` documents behind `*after_id` due now, and moves
 * it on. `*ret_count` is how many; fewer than `most` were the last. They get new versions: what a
 * worker sent to the index before, and notes only now, says nothing about this one.
 */
MUST_USE SUSPENDS struct status document_repo_make_due(struct db_tx *tx, size_t most,
                                                       struct arena *arena, int64_t *after_id,
                                                       size_t *ret_count);
