#pragma once

/*
 * db_retry: runs a whole transaction again that lost against others (ABORTED CONTENTION: a
 * deadlock, a lock that did not come, a row that changed since it was read). It was rolled back for
 * certain; of any other failure that is not so (an unanswered COMMIT), and nothing else is tried
 * again here.
 *
 *     struct db_retry retry = db_retry_start();
 *     do
 *         st = move_stock(db, ...); // from db_tx_begin to db_tx_commit, with all that it reads
 *     while (db_retry_again(&retry, &st));
 *
 * Bounded by the task's deadline: a try is begun where it leaves more time than the pause and the
 * try before take. Pauses grow to DB_TRY_PAUSE_MAX_MS, so that is a few tries a second. Without a
 * deadline there are DB_TRIES_MAX. Handlers of RPCs need none of it: the server does this around
 * each of them.
 *
 * Only what is lost here is tried again here. Peers and sagas do the same with theirs, so what they
 * give up arrives as DEPENDENCY_CONTENTION; else one lost row at the end of a chain of calls would
 * run every handler on the way several times, just when there is too much to do.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/backoff.h"
#include "base/status.h"

enum { DB_TRIES_MAX = 6, DB_TRY_PAUSE_MAX_MS = 250 };

struct db_retry {
    struct backoff pause;
    int tries;        /* that were begun */
    int64_t begun_us; /* monotonic: the present try */
};

struct db_retry db_retry_start(void);

/*
 * True after a pause (with jitter: those who met must not meet again) when the transaction should
 * run again. False leaves `st` as the outcome.
 */
MUST_USE SUSPENDS bool db_retry_again(struct db_retry *retry, const struct status *st);

/* What somebody else has given up, for those who hear of it: CONTENTION is DEPENDENCY_CONTENTION. */
MUST_USE struct status db_retry_given_up(struct status st);
