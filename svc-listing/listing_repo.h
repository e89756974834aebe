#pragma once

/*
 * listing_repo: listings in the database, their history and the log of their audits. Tables:
 * listing, listing_history, audit_log.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "listing.h"

struct db_tx;

/* With its draft; texts and bytes are in the arena. */
MUST_USE SUSPENDS struct status listing_repo_find(struct db_tx *tx, int64_t id, struct arena *arena,
                                                  struct listing *ret, bool *ret_found);
/* As above, and the row is locked until the transaction ends. */
MUST_USE SUSPENDS struct status listing_repo_lock(struct db_tx *tx, int64_t id, struct arena *arena,
                                                  struct listing *ret, bool *ret_found);

MUST_USE SUSPENDS struct status listing_repo_insert(struct db_tx *tx,
                                                    const struct listing *listing);
/*
 * All but the draft, from the version before. ABORTED VERSION_MISMATCH when the row has another
 * one.
 */
MUST_USE SUSPENDS struct status listing_repo_save(struct db_tx *tx, const struct listing *listing,
                                                  int64_t version_before);
MUST_USE SUSPENDS struct status listing_repo_save_draft(struct db_tx *tx,
                                                        const struct listing *listing);
/* Who publishes it. The version stays: nothing that anybody sees has changed. */
MUST_USE SUSPENDS struct status listing_repo_save_saga(struct db_tx *tx,
                                                       const struct listing *listing);

/* Newest first, behind `before_id`. 0 and LISTING_ANY leave a condition out. */
enum { LISTING_ANY = -1 };

struct listing_query {
    int64_t shop_id;
    int64_t supplier_id; /* not with a shop */
    int status;
    int64_t before_id;
    size_t most;
};

MUST_USE SUSPENDS struct status listing_repo_query(struct db_tx *tx,
                                                   const struct listing_query *query,
                                                   struct arena *arena, struct listing **ret,
                                                   size_t *ret_count);

/* A change as it is told later. */
struct listing_record {
    struct listing_change change;
    const char *comment;
    const char *changed_by; /* "operator/7" */
    int64_t changed_us;
};

MUST_USE SUSPENDS struct status listing_repo_insert_change(struct db_tx *tx, int64_t id,
                                                           const struct listing_record *record);
/* Oldest first, behind `after_version`. */
MUST_USE SUSPENDS struct status listing_repo_find_changes(struct db_tx *tx, int64_t id,
                                                          int64_t after_version, size_t most,
                                                          struct arena *arena,
                                                          struct listing_record **ret,
                                                          size_t *ret_count);

/* An audit's outcome: the change that it made, and the rules that were applied; NULL: none. */
MUST_USE SUSPENDS struct status listing_repo_insert_audit(struct db_tx *tx,
                                                          const struct listing *listing,
                                                          const struct listing_record *record,
                                                          const char *rules);
