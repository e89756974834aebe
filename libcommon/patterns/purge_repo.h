#pragma once

/*
 * purge_repo: the SQL of housekeeping. Each call deletes a piece, the oldest first, in a transaction
 * of its own: PURGE_ROWS_MAX rows of a table at the most. `*ret_more`: there may be more. Private to
 * housekeeping.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/status.h"

struct db;

enum { PURGE_ROWS_MAX = 1000 };

/* Those that were answered: whose saga still runs keeps its row. */
MUST_USE SUSPENDS struct status purge_requests(struct db *db, int64_t age_us, uint64_t *ret_rows,
                                               bool *ret_more);
MUST_USE SUSPENDS struct status purge_inbox(struct db *db, int64_t age_us, uint64_t *ret_rows,
                                            bool *ret_more);
/* Those that ended, with what operators did about them. Counts sagas. */
MUST_USE SUSPENDS struct status purge_sagas(struct db *db, int64_t age_us, uint64_t *ret_rows,
                                            bool *ret_more);
/* Those that the relay has behind it for good. */
MUST_USE SUSPENDS struct status purge_outbox(struct db *db, int64_t age_us, uint64_t *ret_rows,
                                             bool *ret_more);
