#include "patterns/saga_admin.h"

#include "io/db.h"

/* Of what every query below selects: RECORD in the order of these. */
enum {
    C_ID,
    C_KIND,
    C_PHASE,
    C_ACTIVE,
    C_HELD_BY,
    C_UNTIL,
    C_DEADLINE,
    C_CREATED,
    C_UPDATED,
    C_STUCK,
    C_TROUBLE,
    C_OUTCOME_CODE,
    C_OUTCOME_REASON,
    C_OUTCOME_DETAIL,
    C_STATE,
};

#define RECORD                                                                      \
    "id, kind, phase, active, "                                                     \
    "CASE WHEN active = 1 AND until_at > UTC_TIMESTAMP(6) THEN owner ELSE '' END, " \
    "until_at, deadline_at, created_at, updated_at, stuck_at, trouble, "            \
    "outcome_code, outcome_reason, outcome_detail"

static const char *text_of(const struct db_rows *rows, unsigned column, struct arena *arena)
{
    return arena_strdup(arena, db_get_text(rows, column));
}

static struct saga_record read_record(const struct db_rows *rows, struct arena *arena)
{
    const enum code code = (enum code)db_get_i64(rows, C_OUTCOME_CODE);

    return (struct saga_record){
        .id = db_get_i64(rows, C_ID),
        .kind = text_of(rows, C_KIND, arena),
        .phase = (enum saga_phase)db_get_i64(rows, C_PHASE),
        .active = db_get_i64(rows, C_ACTIVE),
        .held_by = text_of(rows, C_HELD_BY, arena),
        .until_us = db_get_time(rows, C_UNTIL),
        .deadline_us = db_get_time(rows, C_DEADLINE),
        .created_us = db_get_time(rows, C_CREATED),
        .updated_us = db_get_time(rows, C_UPDATED),
        .stuck_us = db_get_is_null(rows, C_STUCK) ? 0 : db_get_time(rows, C_STUCK),
        .trouble = text_of(rows, C_TROUBLE, arena),
        .outcome = code == CODE_OK ? STATUS_OK
                                   : status_error(code, text_of(rows, C_OUTCOME_REASON, arena),
                                                  "%s", db_get_text(rows, C_OUTCOME_DETAIL)),
    };
}

/* Each goes along an index of its own: what ended is most of the table. */
static struct status query_active(struct db_tx *tx, const struct saga_filter *filter,
                                  struct db_rows *ret)
{
    return db_query(tx,
                    "SELECT " RECORD " FROM saga WHERE active = 1 AND id > ? "
                    "AND (? = '' OR kind = ?) AND (? = 0 OR stuck_at IS NOT NULL) "
                    "ORDER BY id LIMIT ?",
                    DB_ARGS(DB_I64(filter->after_id), DB_TEXT(filter->kind), DB_TEXT(filter->kind),
                            DB_I64(filter->stuck), DB_U64(filter->most)),
                    ret);
}

static struct status query_all(struct db_tx *tx, const struct saga_filter *filter,
                               struct db_rows *ret)
{
    return db_query(tx,
                    "SELECT " RECORD " FROM saga WHERE id > ? AND (? = '' OR kind = ?) "
                    "AND (? = 0 OR stuck_at IS NOT NULL) ORDER BY id LIMIT ?",
                    DB_ARGS(DB_I64(filter->after_id), DB_TEXT(filter->kind), DB_TEXT(filter->kind),
                            DB_I64(filter->stuck), DB_U64(filter->most)),
                    ret);
}

struct status saga_admin_list(struct db *db, const struct saga_filter *filter, struct arena *arena,
                              struct saga_record **ret_rows, size_t *ret_count)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_read_begin(&tx, db));
    TRY(filter->ended ? query_all(&tx, filter, &rows) : query_active(&tx, filter, &rows));
    *ret_rows = arena_array_of(arena, struct saga_record, rows.count);
    *ret_count = 0;
    while (db_rows_next(&rows))
        (*ret_rows)[(*ret_count)++] = read_record(&rows, arena);
    return STATUS_OK;
}

struct status saga_admin_find(struct db_tx *tx, int64_t id, struct arena *arena,
                              struct saga_record *ret, bool *ret_found)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx, "SELECT " RECORD " FROM saga WHERE id = ?", DB_ARGS(DB_I64(id)), &rows));
    *ret_found = db_rows_next(&rows);
    if (*ret_found)
        *ret = read_record(&rows, arena);
    return STATUS_OK;
}

struct status saga_admin_lock(struct db_tx *tx, int64_t id, struct arena *arena,
                              struct saga_record *ret, struct pb_bytes *ret_state, bool *ret_found)
{
    AUTO(db_rows_end) struct db_rows rows = {0};
    size_t size;

    TRY(db_query(tx, "SELECT " RECORD ", state FROM saga WHERE id = ? FOR UPDATE",
                 DB_ARGS(DB_I64(id)), &rows));
    *ret_found = db_rows_next(&rows);
    if (*ret_found) {
        const void *state = db_get_bytes(&rows, C_STATE, &size);
        *ret = read_record(&rows, arena);
        *ret_state = (struct pb_bytes){.at = arena_dup(arena, state, size), .size = size};
    }
    return STATUS_OK;
}

struct status saga_admin_hurry(struct db_tx *tx, int64_t id)
{
    return db_exec(
        tx,
        "UPDATE saga FORCE INDEX (PRIMARY) SET until_at = '2000-01-01' WHERE id = ? AND active = 1 "
        "AND owner = ''",
        DB_ARGS(DB_I64(id)), NULL);
}

struct status saga_admin_turn_back(struct db_tx *tx, int64_t id, const struct status *why)
{
    return db_exec(
        tx,
        "UPDATE saga FORCE INDEX (PRIMARY) SET phase = ?, owner = '', until_at = '2000-01-01', "
        "outcome_code = ?, outcome_reason = ?, outcome_detail = ?, "
        "updated_at = UTC_TIMESTAMP(6) WHERE id = ? AND phase = ?",
        DB_ARGS(DB_I64(SAGA_UNDOING), DB_I64(why->code), DB_TEXT(why->reason), DB_TEXT(why->detail),
                DB_I64(id), DB_I64(SAGA_FORWARD)),
        NULL);
}

struct status saga_admin_give_up(struct db_tx *tx, int64_t id)
{
    return db_exec(tx,
                   "UPDATE saga FORCE INDEX (PRIMARY) SET phase = ?, active = 0, owner = '', "
                   "until_at = UTC_TIMESTAMP(6), updated_at = UTC_TIMESTAMP(6) "
                   "WHERE id = ? AND active = 1",
                   DB_ARGS(DB_I64(SAGA_ABANDONED), DB_I64(id)), NULL);
}

struct status saga_admin_free_request(struct db_tx *tx, int64_t id)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx,
                 "SELECT request_caller, request_method, request_id FROM saga "
                 "WHERE id = ? AND request_id IS NOT NULL",
                 DB_ARGS(DB_I64(id)), &rows));
    if (!db_rows_next(&rows))
        return STATUS_OK;
    return db_exec(tx,
                   "DELETE FROM request WHERE caller = ? AND method = ? AND request_id = ? "
                   "AND answer IS NULL",
                   DB_ARGS(DB_TEXT(db_get_text(&rows, 0)), DB_TEXT(db_get_text(&rows, 1)),
                           DB_TEXT(db_get_text(&rows, 2))),
                   NULL);
}

struct status saga_admin_note(struct db_tx *tx, int64_t id, const struct saga_action_record *action)
{
    return db_exec(
        tx,
        "INSERT INTO saga_action (saga_id, action, by_whom, why, at) "
        "VALUES (?, ?, ?, ?, UTC_TIMESTAMP(6))",
        DB_ARGS(DB_I64(id), DB_TEXT(action->action), DB_TEXT(action->by), DB_TEXT(action->why)),
        NULL);
}

struct status saga_admin_actions(struct db_tx *tx, int64_t id, size_t most, struct arena *arena,
                                 struct saga_action_record **ret_rows, size_t *ret_count)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx,
                 "SELECT action, by_whom, why, at FROM saga_action WHERE saga_id = ? "
                 "ORDER BY seq DESC LIMIT ?",
                 DB_ARGS(DB_I64(id), DB_U64(most)), &rows));
    *ret_rows = arena_array_of(arena, struct saga_action_record, rows.count);
    *ret_count = 0;
    while (db_rows_next(&rows))
        (*ret_rows)[(*ret_count)++] = (struct saga_action_record){
            .action = text_of(&rows, 0, arena),
            .by = text_of(&rows, 1, arena),
            .why = text_of(&rows, 2, arena),
            .at_us = db_get_time(&rows, 3),
        };
    return STATUS_OK;
}
