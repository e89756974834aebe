#pragma once

/*
 * cart_repo: carts in the database. Whoever changes a cart holds the lock of its row; a cart stays
 * when its last line goes, so that versions only grow. Tables: cart, cart_line.
 */

#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "cart.h"

struct db_tx;

/* Version and lines are of one moment. Who has none has an empty cart of version 0. */
MUST_USE SUSPENDS struct status cart_repo_find(struct db_tx *tx, int64_t user_id,
                                               struct arena *arena, struct cart *ret);
/* Locked until the transaction ends, when there is one. */
MUST_USE SUSPENDS struct status cart_repo_lock_existing(struct db_tx *tx, int64_t user_id,
                                                        struct arena *arena, struct cart *ret);
/* The same, made when there is none. */
MUST_USE SUSPENDS struct status cart_repo_lock(struct db_tx *tx, int64_t user_id,
                                               struct arena *arena, struct cart *ret);
/* Version and marked lines of a locked cart; nothing where nothing changed. */
MUST_USE SUSPENDS struct status cart_repo_save(struct db_tx *tx, const struct cart *cart,
                                               struct arena *arena);
