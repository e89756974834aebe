#pragma once

/*
 * watch_repo: which listings wait for work, since when, and when somebody is to look after them, by
 * the database's clock. A row is there while its listing is PENDING or APPROVED; whoever writes it
 * has locked the listing. Table: listing_watch.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"

struct db_tx;

/* From now on, whatever was before. */
MUST_USE SUSPENDS struct status watch_repo_begin(struct db_tx *tx, int64_t listing_id);
MUST_USE SUSPENDS struct status watch_repo_end(struct db_tx *tx, int64_t listing_id);

/* Listings that are due, by id, behind `after_id`; in the arena. */
MUST_USE SUSPENDS struct status watch_repo_find_due(struct db_tx *tx, int64_t after_id, size_t most,
                                                    struct arena *arena, int64_t **ret,
                                                    size_t *ret_count);

struct watch {
    int retries;
    bool stuck; /* it has been waiting for WATCH_STUCK_S */
};

/* False when it is not due, or not watched. */
MUST_USE SUSPENDS struct status watch_repo_get_due(struct db_tx *tx, int64_t listing_id,
                                                   struct watch *ret, bool *ret_found);
/* Due again after WATCH_TIMEOUT_S. */
MUST_USE SUSPENDS struct status watch_repo_postpone(struct db_tx *tx, int64_t listing_id,
                                                    int retries);
