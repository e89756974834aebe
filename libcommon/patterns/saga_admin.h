#pragma once

/*
 * saga_admin: the SQL of those who look after sagas. Private to saga.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "patterns/saga_store.h"

struct db;
struct db_tx;

/* As an operator sees it. Texts are in the arena. */
struct saga_record {
    int64_t id;
    const char *kind;
    enum saga_phase phase;
    bool active;
    const char *held_by; /* "" while nobody works on it */
    int64_t until_us;
    int64_t deadline_us;
    int64_t created_us;
    int64_t updated_us;
    int64_t stuck_us; /* 0: it is not */
    const char *trouble;
    struct status outcome; /* OK as long as nothing is undone */
};

struct saga_filter {
    const char *kind; /* "": all */
    bool stuck;
    bool ended; /* too */
    int64_t after_id;
    size_t most;
};

MUST_USE SUSPENDS struct status saga_admin_list(struct db *db, const struct saga_filter *filter,
                                                struct arena *arena, struct saga_record **ret_rows,
                                                size_t *ret_count);
MUST_USE SUSPENDS struct status saga_admin_find(struct db_tx *tx, int64_t id, struct arena *arena,
                                                struct saga_record *ret, bool *ret_found);
/* With its state. */
MUST_USE SUSPENDS struct status saga_admin_lock(struct db_tx *tx, int64_t id, struct arena *arena,
                                                struct saga_record *ret, struct pb_bytes *ret_state,
                                                bool *ret_found);

/* Due at once, unless a process holds it. */
MUST_USE SUSPENDS struct status saga_admin_hurry(struct db_tx *tx, int64_t id);
/* Takes it from whoever holds it and lets the next one undo it. */
MUST_USE SUSPENDS struct status saga_admin_turn_back(struct db_tx *tx, int64_t id,
                                                     const struct status *why);
/* Takes it from whoever holds it and ends it as it is. */
MUST_USE SUSPENDS struct status saga_admin_give_up(struct db_tx *tx, int64_t id);

/* The request that the saga would have answered may be sent again, unless it has its answer. */
MUST_USE SUSPENDS struct status saga_admin_free_request(struct db_tx *tx, int64_t id);

struct saga_action_record {
    const char *action;
    const char *by;
    const char *why;
    int64_t at_us;
};

MUST_USE SUSPENDS struct status saga_admin_note(struct db_tx *tx, int64_t id,
                                                const struct saga_action_record *action);
/* Newest first. */
MUST_USE SUSPENDS struct status saga_admin_actions(struct db_tx *tx, int64_t id, size_t most,
                                                   struct arena *arena,
                                                   struct saga_action_record **ret_rows,
                                                   size_t *ret_count);
