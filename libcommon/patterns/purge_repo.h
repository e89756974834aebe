#pragma once

/*
 * purge_repo: the SQL of housekeeping. Each statement deletes PURGE_ROWS_MAX rows at the most, the
 * oldest first, in a transaction of its own. Private to housekeeping.
 */

#include <stdint.h>

#include "base/attributes.h"
#include "base/status.h"

struct db;

enum { PURGE_ROWS_MAX = 1000 };

/* Those that were answered: whose saga still runs keeps its row. */
MUST_USE SUSPENDS struct status purge_requests(struct db *db, int64_t age_us, uint64_t *ret_rows);
MUST_USE SUSPENDS struct status purge_inbox(struct db *db, int64_t age_us, uint64_t *ret_rows);
/* Those that ended. What operators did about them stays. */
MUST_USE SUSPENDS struct status purge_sagas(struct db *db, int64_t age_us, uint64_t *ret_rows);
/* Those that the relay has behind it for good. */
MUST_USE SUSPENDS struct status purge_outbox(struct db *db, int64_t age_us, uint64_t *ret_rows);
