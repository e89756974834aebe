#pragma once

/*
 * reservation_repo: reservations in the database. Tables: reservation, reservation_line.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "reservation.h"

struct db_tx;

/*
 * ALREADY_EXISTS DUPLICATE_KEY when the id is taken, by a hold or by a release that came first; the
 * transaction goes on. The hold expires `ttl_s` from now by the database's clock.
 */
MUST_USE SUSPENDS struct status reservation_repo_insert(struct db_tx *tx,
                                                        const struct reservation *reservation,
                                                        int64_t ttl_s);
/* When that is: whoever asks again has to be told the same. */
MUST_USE SUSPENDS struct status reservation_repo_get_expiry(struct db_tx *tx, int64_t id,
                                                            int64_t *ret_us);
MUST_USE SUSPENDS struct status reservation_repo_insert_lines(struct db_tx *tx,
                                                              const struct reservation *reservation,
                                                              struct arena *arena);

/* With its lines, which are in the arena. */
MUST_USE SUSPENDS struct status reservation_repo_find(struct db_tx *tx, int64_t id,
                                                      struct arena *arena, struct reservation *ret,
                                                      bool *ret_found);
/* As above, and the row is locked until the transaction ends. */
MUST_USE SUSPENDS struct status reservation_repo_lock(struct db_tx *tx, int64_t id,
                                                      struct arena *arena, struct reservation *ret,
                                                      bool *ret_found);
MUST_USE SUSPENDS struct status reservation_repo_save_status(struct db_tx *tx,
                                                             const struct reservation *reservation);

struct expired_hold {
    int64_t id;
    int64_t expires_us;
};

/* Up to `most` holds whose time is over, by that time and id, behind `after` (zeroed: from the first). */
MUST_USE SUSPENDS struct status reservation_repo_find_expired(struct db_tx *tx,
                                                              struct expired_hold after,
                                                              size_t most, struct arena *arena,
                                                              struct expired_hold **ret,
                                                              size_t *ret_count);
