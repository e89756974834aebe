#pragma once

/*
 * saga_store: the SQL of sagas. Private to saga.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "io/pb.h"

struct db;
struct db_tx;
struct request;

/* In the database: never change the numbers. */
enum saga_phase {
    SAGA_FORWARD = 1, /* may still be undone */
    SAGA_PAST_PIVOT = 2,
    SAGA_UNDOING = 3,
    SAGA_DONE = 4,
    SAGA_UNDONE = 5,
    SAGA_ABANDONED = 6,
};

struct saga_row {
    int64_t id;
    const char *kind;
    enum saga_phase phase;
    const void *state;
    size_t state_size;
    int64_t left_us;         /* until its deadline; negative when that has passed */
    struct status outcome;   /* of one that is undone: why. Its reason is in the arena */
    const char *traceparent; /* of who started it, "" for none; NULL: the present task did */
};

/* The present trace goes with it. `owned`: this process runs it right away; otherwise the first that looks does. */
MUST_USE SUSPENDS struct status saga_store_insert(struct db_tx *tx, const char *kind, int64_t id,
                                                  enum saga_phase phase, struct pb_bytes state,
                                                  int64_t deadline_ms, const char *owner,
                                                  int64_t lease_ms, const struct request *answers);

enum { SAGA_STORE_KINDS_MAX = 64 };

struct saga_claim {
    const char *owner;
    int64_t lease_ms;
    const char *kinds[SAGA_STORE_KINDS_MAX]; /* those that this process knows */
    size_t kind_count;
    size_t most;
};

/* Takes over sagas that nobody holds. Rows are in the arena. */
MUST_USE SUSPENDS struct status saga_store_claim(struct db *db, const struct saga_claim *claim,
                                                 struct arena *arena, struct saga_row **ret_rows,
                                                 size_t *ret_count);

/*
 * Keeps these, up to DB_SET_MAX, in their order. Only what runs here: a row that is ours in name
 * alone must run out and be resumed. `ret_lost`, in the arena: those of them that ended, or that
 * `owner` does not hold any more.
 */
MUST_USE SUSPENDS struct status saga_store_renew(struct db *db, const char *owner, int64_t lease_ms,
                                                 const int64_t *ids, size_t count,
                                                 struct arena *arena, int64_t **ret_lost,
                                                 size_t *ret_lost_count);

/* These change the row only while `owner` holds it, else ABORTED SAGA_LOST. */
MUST_USE SUSPENDS struct status saga_store_pass_pivot(struct db_tx *tx, int64_t id,
                                                      const char *owner, struct pb_bytes state);
MUST_USE SUSPENDS struct status saga_store_end(struct db_tx *tx, int64_t id, const char *owner,
                                               enum saga_phase phase);
/* Of those that are done; up to DB_SET_MAX, by rising id. What `owner` does not hold is another's. */
MUST_USE SUSPENDS struct status saga_store_end_many(struct db *db, const char *owner,
                                                    const int64_t *ids, size_t count,
                                                    struct arena *arena);
/*
 * From FORWARD to UNDOING. `*ret_phase` is the phase afterwards: the pivot may have been passed by
 * a commit whose answer was lost, then it stays. `*ret_outcome` is OK then, else why it is undone,
 * `why`, or what an operator gave as the reason before, which is in the arena.
 */
MUST_USE SUSPENDS struct status saga_store_undo(struct db *db, int64_t id, const char *owner,
                                                const struct status *why, struct arena *arena,
                                                enum saga_phase *ret_phase,
                                                struct status *ret_outcome);

/* What keeps it from going on, for people. The rest of a long text is cut off. */
enum { SAGA_TROUBLE_MAX = 320 };
MUST_USE SUSPENDS struct status saga_store_note_trouble(struct db *db, int64_t id,
                                                        const char *trouble);

/* Gives one back for a while: nobody runs it until then. */
MUST_USE SUSPENDS struct status saga_store_postpone(struct db *db, int64_t id, const char *owner,
                                                    int64_t pause_ms);

/* Lets others have all that the process holds, at once. */
MUST_USE SUSPENDS struct status saga_store_give_back(struct db *db, const char *owner);
