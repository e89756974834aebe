#pragma once

/*
 * parked_repo: the SQL of parked events. Private to consumer. Table: parked_event.
 *
 * The rows of a key are a queue by id. The first is tried (`next_at`), those behind it wait (their
 * `next_at` is never) until it is released, which makes the next one the first. Whoever adds to a
 * key's queue, or takes its first row out, holds that row's lock: so nobody adds behind a row that
 * is just leaving. Rows of a projection are no queue: each is tried for itself.
 *
 * Who tries a row has claimed it until a moment that no other claim has. What is written about a try
 * counts only while the row still says so: not when it took too long and another process has it, nor
 * when it was redriven meanwhile. A try is counted when it has failed; one that its process did not
 * live to see the end of is none.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "io/mq.h"

struct db;
struct db_tx;

struct parked {
    uint64_t id;
    struct mq_message message; /* of the arena */
    unsigned tries;            /* that failed */
    int64_t age_us;
    int64_t until_us; /* it is claimed */
};

/* The first parked event of the message's key, locked; 0: none is parked. */
MUST_USE SUSPENDS struct status parked_lock_key(struct db_tx *tx, const char *consumer,
                                                const struct mq_message *message, uint64_t *ret_id);

/*
 * Parks the message, to be tried after `wait_us` (0: behind others of its key). One that is parked
 * already stays as it is. RESOURCE_EXHAUSTED OVERLOADED: no room (PARKING_OF_KEY_MAX, PARKING_MAX).
 */
MUST_USE SUSPENDS struct status parked_add(struct db_tx *tx, const char *consumer,
                                           const struct mq_message *message, int64_t wait_us,
                                           const struct status *failure, struct arena *arena);

/* The id of one that is due; 0: none. */
MUST_USE SUSPENDS struct status parked_find_due(struct db *db, const char *consumer,
                                                uint64_t *ret_id);
/* Makes it ours for `claim_us`. False: another process was faster. */
MUST_USE SUSPENDS struct status parked_claim(struct db *db, uint64_t id, int64_t claim_us,
                                             struct arena *arena, struct parked *ret,
                                             bool *ret_claimed);
/* Locks one whose key is no queue. The same id, or 0: it is gone. */
MUST_USE SUSPENDS struct status parked_lock(struct db_tx *tx, uint64_t id, uint64_t *ret_id);
/* Takes it out. */
MUST_USE SUSPENDS struct status parked_release(struct db_tx *tx, const struct parked *parked);
/* Behind one that was just taken out of its key's queue. */
MUST_USE SUSPENDS struct status parked_make_next_due(struct db_tx *tx, const char *consumer,
                                                     const struct mq_message *message);

/* The try failed. */
MUST_USE SUSPENDS struct status parked_fail(struct db *db, const struct parked *parked,
                                            int64_t wait_us, const char *cause);
/* The same, but does not count it. */
MUST_USE SUSPENDS struct status parked_postpone(struct db *db, const struct parked *parked,
                                                int64_t wait_us);
/* Is no longer tried, and holds its key until it is redriven or discarded. */
MUST_USE SUSPENDS struct status parked_bury(struct db *db, const struct parked *parked,
                                            const char *cause);

/*
 * One that was given up, or is just about to be, is tried again, with the bytes of `message`; false:
 * it is not there, or waits behind others.
 */
MUST_USE SUSPENDS struct status parked_revive(struct db_tx *tx, const char *consumer,
                                              const struct mq_message *message, struct arena *arena,
                                              bool *ret_revived);
/* Takes one that was given up out. */
MUST_USE SUSPENDS struct status parked_discard(struct db_tx *tx, const char *consumer,
                                               const struct mq_message *message,
                                               struct arena *arena, bool *ret_found);

/* As parked_bury, of one whose key is no queue: it is forgotten. */
MUST_USE SUSPENDS struct status parked_remove(struct db *db, const struct parked *parked);

struct parked_count {
    uint64_t all;
    uint64_t dead;
};
MUST_USE SUSPENDS struct status parked_count(struct db *db, const char *consumer,
                                             struct parked_count *ret);
