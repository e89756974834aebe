#include "reindex_repo.h"

#include "io/db.h"

#define COLUMNS                                                                  \
    "reindex_id, running, index_name, done_up_to, items, started_at, ended_at, " \
    "schema_digest, given_up, index_uuid"

struct status reindex_repo_insert(struct db_tx *tx, const char *index, const char *schema,
                                  int64_t started_us)
{
    return db_exec(tx,
                   "INSERT INTO reindex (running, index_name, done_up_to, items, started_at, "
                   "schema_digest) VALUES (1, ?, 0, 0, ?, ?)",
                   DB_ARGS(DB_TEXT(index), DB_TIME(started_us), DB_TEXT(schema)), NULL);
}

static void read_one(struct db_rows *rows, struct arena *arena, struct reindex *ret,
                     bool *ret_found)
{
    *ret_found = db_rows_next(rows);
    if (!*ret_found)
        return;
    *ret = (struct reindex){
        .reindex_id = db_get_i64(rows, 0),
        .is_running = !db_get_is_null(rows, 1),
        .index = arena_strdup(arena, db_get_text(rows, 2)),
        .done_up_to = db_get_i64(rows, 3),
        .items = db_get_i64(rows, 4),
        .started_us = db_get_time(rows, 5),
        .ended_us = db_get_is_null(rows, 6) ? 0 : db_get_time(rows, 6),
        .schema = arena_strdup(arena, db_get_text(rows, 7)),
        .given_up = (enum giving_up)db_get_i64(rows, 8),
        .uuid = arena_strdup(arena, db_get_text(rows, 9)),
    };
}

struct status reindex_repo_find(struct db_tx *tx, int64_t reindex_id, struct arena *arena,
                                struct reindex *ret, bool *ret_found)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx, "SELECT " COLUMNS " FROM reindex WHERE reindex_id = ?",
                 DB_ARGS(DB_I64(reindex_id)), &rows));
    read_one(&rows, arena, ret, ret_found);
    return STATUS_OK;
}

struct status reindex_repo_find_running(struct db_tx *tx, struct arena *arena, struct reindex *ret,
                                        bool *ret_found)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx, "SELECT " COLUMNS " FROM reindex WHERE running = 1", DB_NO_ARGS, &rows));
    read_one(&rows, arena, ret, ret_found);
    return STATUS_OK;
}

struct status reindex_repo_find_last(struct db_tx *tx, struct arena *arena, struct reindex *ret,
                                     bool *ret_found)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx, "SELECT " COLUMNS " FROM reindex ORDER BY reindex_id DESC LIMIT 1", DB_NO_ARGS,
                 &rows));
    read_one(&rows, arena, ret, ret_found);
    return STATUS_OK;
}

struct status reindex_repo_note_made(struct db_tx *tx, const struct reindex *reindex,
                                     const char *uuid)
{
    return db_exec(
        tx,
        "UPDATE reindex FORCE INDEX (PRIMARY) SET index_uuid = ?, done_up_to = 0, items = 0 "
        "WHERE reindex_id = ? AND running = 1 AND index_uuid = ''",
        DB_ARGS(DB_TEXT(uuid), DB_I64(reindex->reindex_id)), NULL);
}

struct status reindex_repo_advance(struct db_tx *tx, const struct reindex *reindex,
                                   int64_t done_up_to, int64_t items)
{
    return db_exec(tx,
                   "UPDATE reindex FORCE INDEX (PRIMARY) SET done_up_to = ?, items = items + ? "
                   "WHERE reindex_id = ? AND running = 1 AND index_uuid = ? AND done_up_to = ?",
                   DB_ARGS(DB_I64(done_up_to), DB_I64(items), DB_I64(reindex->reindex_id),
                           DB_TEXT(reindex->uuid), DB_I64(reindex->done_up_to)),
                   NULL);
}

struct status reindex_repo_restart(struct db_tx *tx, const struct reindex *reindex)
{
    return db_exec(
        tx,
        "UPDATE reindex FORCE INDEX (PRIMARY) SET index_uuid = '', done_up_to = 0, items = 0 "
        "WHERE reindex_id = ? AND running = 1 AND index_uuid = ?",
        DB_ARGS(DB_I64(reindex->reindex_id), DB_TEXT(reindex->uuid)), NULL);
}

struct status reindex_repo_end(struct db_tx *tx, const struct reindex *reindex)
{
    return db_exec(
        tx,
        "UPDATE reindex FORCE INDEX (PRIMARY) SET running = NULL, ended_at = UTC_TIMESTAMP(6) "
        "WHERE reindex_id = ? AND running = 1",
        DB_ARGS(DB_I64(reindex->reindex_id)), NULL);
}

struct status reindex_repo_give_up(struct db_tx *tx, const struct reindex *reindex,
                                   enum giving_up why)
{
    return db_exec(tx,
                   "UPDATE reindex FORCE INDEX (PRIMARY) SET running = NULL, given_up = ?, "
                   "ended_at = UTC_TIMESTAMP(6) "
                   "WHERE reindex_id = ? AND running = 1",
                   DB_ARGS(DB_I64(why), DB_I64(reindex->reindex_id)), NULL);
}
