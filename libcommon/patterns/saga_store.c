#include "patterns/saga_store.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/id.h"
#include "io/db.h"
#include "io/request.h"
#include "observe/trace.h"

static struct status expect_held(uint64_t affected, int64_t id)
{
    if (affected == 1)
        return STATUS_OK;
    return status_error(CODE_ABORTED, "SAGA_LOST", "saga %lld is not held here any more",
                        (long long)id);
}

struct status saga_store_insert(struct db_tx *tx, const char *kind, int64_t id,
                                enum saga_phase phase, struct pb_bytes state, int64_t deadline_ms,
                                const char *owner, int64_t lease_ms, const struct request *answers)
{
    char parent[TRACEPARENT_LENGTH + 1];

    trace_parent(trace_current(), parent);
    return db_exec(
        tx,
        "INSERT INTO saga (id, kind, phase, active, state, traceparent, owner, until_at, "
        "deadline_at, request_caller, request_method, request_id, created_at, updated_at) "
        "VALUES (?, ?, ?, 1, ?, ?, ?, UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND, "
        "UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND, ?, ?, ?, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))",
        DB_ARGS(DB_I64(id), DB_TEXT(kind), DB_I64(phase), DB_BYTES(state.at, state.size),
                DB_TEXT(parent), DB_TEXT(owner), DB_I64(lease_ms * CLOCK_US_PER_MS),
                DB_I64(deadline_ms * CLOCK_US_PER_MS),
                answers ? DB_TEXT(answers->caller.key) : DB_NULL,
                answers ? DB_TEXT(answers->method->path) : DB_NULL,
                answers ? DB_TEXT(answers->request_id) : DB_NULL),
        NULL);
}

/* In the order of ids, as all that lock several rows. */
static struct status find_unheld(struct db *db, const struct saga_claim *claim, struct arena *arena,
                                 int64_t **ret_ids, size_t *ret_count)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    AUTO(db_rows_end) struct db_rows rows = {0};
    struct db_value kinds[SAGA_STORE_KINDS_MAX];
    const struct db_set set = {.values = kinds, .width = 1, .rows = claim->kind_count};

    for (size_t i = 0; i < claim->kind_count; i++)
        kinds[i] = DB_TEXT(claim->kinds[i]);
    TRY(db_read_begin(&tx, db));
    TRY(db_query_set(&tx,
                     "SELECT id FROM saga "
                     "WHERE active = 1 AND until_at < UTC_TIMESTAMP(6) AND kind IN ({,|?}) "
                     "ORDER BY until_at LIMIT ?",
                     DB_ARGS(DB_U64(claim->most)), &set, 1, &rows));
    *ret_ids = arena_array_of(arena, int64_t, rows.count);
    for (*ret_count = 0; db_rows_next(&rows); ++*ret_count)
        (*ret_ids)[*ret_count] = db_get_i64(&rows, 0);
    qsort(*ret_ids, *ret_count, sizeof **ret_ids, id_order);
    return STATUS_OK;
}

/* Somebody may have been faster with some of them. */
static struct status claim_rows(struct db *db, const struct saga_claim *claim, const char *mark,
                                const struct db_set *ids)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_tx_begin(&tx, db));
    TRY(db_exec_set(
        &tx,
        "UPDATE saga FORCE INDEX (PRIMARY) SET owner = ?, claim = ?, "
        "until_at = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND "
        "WHERE id IN ({,|?}) AND active = 1 AND until_at < UTC_TIMESTAMP(6)",
        DB_ARGS(DB_TEXT(claim->owner), DB_TEXT(mark), DB_I64(claim->lease_ms * CLOCK_US_PER_MS)),
        ids, 1, NULL));
    return db_tx_commit(&tx);
}

/* Code, reason and detail from a column on; OK as long as nothing is being undone. */
static struct status read_outcome(const struct db_rows *rows, unsigned from, struct arena *arena)
{
    const enum code code = (enum code)db_get_i64(rows, from);
    const char *reason =
        db_get_is_null(rows, from + 1) ? NULL : arena_strdup(arena, db_get_text(rows, from + 1));

    return code == CODE_OK ? STATUS_OK
                           : status_error(code, reason, "%s", db_get_text(rows, from + 2));
}

static struct saga_row read_row(const struct db_rows *rows, struct arena *arena)
{
    size_t state_size;
    const void *state = db_get_bytes(rows, 3, &state_size);

    return (struct saga_row){
        .id = db_get_i64(rows, 0),
        .kind = arena_strdup(arena, db_get_text(rows, 1)),
        .phase = (enum saga_phase)db_get_i64(rows, 2),
        .state = arena_dup(arena, state, state_size),
        .state_size = state_size,
        .left_us = db_get_i64(rows, 4),
        .outcome = read_outcome(rows, 5, arena),
        .traceparent = arena_strdup(arena, db_get_text(rows, 8)),
    };
}

struct status saga_store_claim(struct db *db, const struct saga_claim *claim, struct arena *arena,
                               struct saga_row **ret_rows, size_t *ret_count)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    AUTO(db_rows_end) struct db_rows rows = {0};
    static uint64_t claims;
    int64_t *ids;

    *ret_count = 0;
    TRY(find_unheld(db, claim, arena, &ids, ret_count));
    if (!*ret_count)
        return STATUS_OK;
    const struct db_set set = db_set_of_ids(ids, *ret_count, arena);
    const char *mark = arena_printf(arena, "%s/%llu", claim->owner, (unsigned long long)++claims);

    *ret_count = 0;
    TRY(claim_rows(db, claim, mark, &set));
    TRY(db_read_begin(&tx, db));
    TRY(db_query(&tx,
                 "SELECT id, kind, phase, state, "
                 "TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(6), deadline_at), "
                 "outcome_code, outcome_reason, outcome_detail, traceparent FROM saga "
                 "WHERE owner = ? AND claim = ? AND active = 1",
                 DB_ARGS(DB_TEXT(claim->owner), DB_TEXT(mark)), &rows));
    *ret_rows = arena_array_of(arena, struct saga_row, rows.count);
    while (db_rows_next(&rows))
        (*ret_rows)[(*ret_count)++] = read_row(&rows, arena);
    return STATUS_OK;
}

/* Those of `ids` that are not held. Both are in the order of ids. */
static struct status find_lost(struct db_tx *tx, const char *owner, const int64_t *ids,
                               const struct db_set *set, int64_t *ret_lost, size_t *ret_count)
{
    AUTO(db_rows_end) struct db_rows rows = {0};
    bool left;

    TRY(db_query_set(tx,
                     "SELECT id FROM saga WHERE id IN ({,|?}) AND owner = ? AND active = 1 "
                     "ORDER BY id",
                     DB_ARGS(DB_TEXT(owner)), set, 1, &rows));
    left = db_rows_next(&rows);
    for (size_t i = 0; i < set->rows; i++)
        if (left && db_get_i64(&rows, 0) == ids[i])
            left = db_rows_next(&rows);
        else
            ret_lost[(*ret_count)++] = ids[i];
    return STATUS_OK;
}

struct status saga_store_renew(struct db *db, const char *owner, int64_t lease_ms,
                               const int64_t *ids, size_t count, struct arena *arena,
                               int64_t **ret_lost, size_t *ret_lost_count)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    const struct db_set set = db_set_of_ids(ids, count, arena);
    int64_t *lost = arena_array_of(arena, int64_t, count);
    size_t lost_count = 0;
    uint64_t affected;

    TRY(db_tx_begin(&tx, db));
    TRY(db_exec_set(&tx,
                    "UPDATE saga FORCE INDEX (PRIMARY) "
                    "SET until_at = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND "
                    "WHERE id IN ({,|?}) AND owner = ? AND active = 1",
                    DB_ARGS(DB_I64(lease_ms * CLOCK_US_PER_MS), DB_TEXT(owner)), &set, 1,
                    &affected));
    if (affected != count)
        TRY(find_lost(&tx, owner, ids, &set, lost, &lost_count));
    TRY(db_tx_commit(&tx));
    *ret_lost = lost;
    *ret_lost_count = lost_count;
    return STATUS_OK;
}

struct status saga_store_pass_pivot(struct db_tx *tx, int64_t id, const char *owner,
                                    struct pb_bytes state)
{
    uint64_t affected;

    TRY(db_exec(tx,
                "UPDATE saga FORCE INDEX (PRIMARY) "
                "SET phase = ?, state = ?, updated_at = UTC_TIMESTAMP(6) "
                "WHERE id = ? AND owner = ? AND phase = ?",
                DB_ARGS(DB_I64(SAGA_PAST_PIVOT), DB_BYTES(state.at, state.size), DB_I64(id),
                        DB_TEXT(owner), DB_I64(SAGA_FORWARD)),
                &affected));
    return expect_held(affected, id);
}

struct status saga_store_end(struct db_tx *tx, int64_t id, const char *owner, enum saga_phase phase)
{
    uint64_t affected;

    TRY(db_exec(tx,
                "UPDATE saga FORCE INDEX (PRIMARY) "
                "SET phase = ?, active = 0, updated_at = UTC_TIMESTAMP(6) "
                "WHERE id = ? AND owner = ? AND active = 1",
                DB_ARGS(DB_I64(phase), DB_I64(id), DB_TEXT(owner)), &affected));
    return expect_held(affected, id);
}

struct status saga_store_end_many(struct db *db, const char *owner, const int64_t *ids,
                                  size_t count, struct arena *arena)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    const struct db_set set = db_set_of_ids(ids, count, arena);

    TRY(db_tx_begin(&tx, db));
    TRY(db_exec_set(&tx,
                    "UPDATE saga FORCE INDEX (PRIMARY) "
                    "SET phase = ?, active = 0, updated_at = UTC_TIMESTAMP(6) "
                    "WHERE id IN ({,|?}) AND owner = ? AND active = 1 AND phase = ?",
                    DB_ARGS(DB_I64(SAGA_DONE), DB_TEXT(owner), DB_I64(SAGA_PAST_PIVOT)), &set, 1,
                    NULL));
    return db_tx_commit(&tx);
}

static struct status read_decision(struct db_tx *tx, int64_t id, const char *owner,
                                   struct arena *arena, enum saga_phase *ret_phase,
                                   struct status *ret_outcome)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx,
                 "SELECT phase, outcome_code, outcome_reason, outcome_detail FROM saga "
                 "WHERE id = ? AND owner = ?",
                 DB_ARGS(DB_I64(id), DB_TEXT(owner)), &rows));
    TRY(expect_held(db_rows_next(&rows) ? 1 : 0, id));
    *ret_phase = (enum saga_phase)db_get_i64(&rows, 0);
    *ret_outcome = read_outcome(&rows, 1, arena);
    return STATUS_OK;
}

/* The update waits for a pivot whose commit is still under way: its row is locked. */
struct status saga_store_undo(struct db *db, int64_t id, const char *owner,
                              const struct status *why, struct arena *arena,
                              enum saga_phase *ret_phase, struct status *ret_outcome)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    uint64_t affected;

    TRY(db_tx_begin(&tx, db));
    TRY(db_exec(&tx,
                "UPDATE saga FORCE INDEX (PRIMARY) "
                "SET phase = ?, outcome_code = ?, outcome_reason = ?, "
                "outcome_detail = ?, updated_at = UTC_TIMESTAMP(6) "
                "WHERE id = ? AND owner = ? AND phase = ?",
                DB_ARGS(DB_I64(SAGA_UNDOING), DB_I64(why->code), DB_TEXT(why->reason),
                        DB_TEXT(why->detail), DB_I64(id), DB_TEXT(owner), DB_I64(SAGA_FORWARD)),
                &affected));
    TRY(read_decision(&tx, id, owner, arena, ret_phase, ret_outcome));
    if (affected)
        *ret_outcome = *why;
    return db_tx_commit(&tx);
}

struct status saga_store_note_trouble(struct db *db, int64_t id, const char *trouble)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_tx_begin(&tx, db));
    TRY(db_exec(&tx,
                "UPDATE saga FORCE INDEX (PRIMARY) SET trouble = ? WHERE id = ? AND active = 1",
                DB_ARGS(DB_TEXT(trouble), DB_I64(id)), NULL));
    return db_tx_commit(&tx);
}

struct status saga_store_postpone(struct db *db, int64_t id, const char *owner, int64_t pause_ms)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_tx_begin(&tx, db));
    TRY(db_exec(&tx,
                "UPDATE saga FORCE INDEX (PRIMARY) "
                "SET owner = '', until_at = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND "
                "WHERE id = ? AND owner = ? AND active = 1",
                DB_ARGS(DB_I64(pause_ms * CLOCK_US_PER_MS), DB_I64(id), DB_TEXT(owner)), NULL));
    return db_tx_commit(&tx);
}

struct status saga_store_give_back(struct db *db, const char *owner)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_tx_begin(&tx, db));
    TRY(db_exec(&tx, "UPDATE saga SET until_at = '2000-01-01' WHERE owner = ? AND active = 1",
                DB_ARGS(DB_TEXT(owner)), NULL));
    return db_tx_commit(&tx);
}
