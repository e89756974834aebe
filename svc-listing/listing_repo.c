#include "listing_repo.h"

#include "io/db.h"

#define COLUMNS                                                                          \
    "listing_id, task_code, category_id, source, user_type, status, strategy, comment, " \
    "shop_id, supplier_id, item_id, publish_saga_id, version, draft, created_at, updated_at"

static void read_row(const struct db_rows *rows, struct arena *arena, struct listing *ret)
{
    size_t draft_size;
    const void *draft = db_get_bytes(rows, 13, &draft_size);

    *ret = (struct listing){
        .id = db_get_i64(rows, 0),
        .task_code = arena_strdup(arena, db_get_text(rows, 1)),
        .category_id = db_get_i64(rows, 2),
        .source = (enum source)db_get_i64(rows, 3),
        .user_type = (enum user_type)db_get_i64(rows, 4),
        .status = (enum listing_status)db_get_i64(rows, 5),
        .strategy = (enum audit_strategy)db_get_i64(rows, 6),
        .comment = arena_strdup(arena, db_get_text(rows, 7)),
        .shop_id = db_get_i64(rows, 8),
        .supplier_id = db_get_i64(rows, 9),
        .item_id = db_get_i64(rows, 10),
        .publish_saga_id = db_get_i64(rows, 11),
        .version = db_get_i64(rows, 12),
        .draft = arena_dup(arena, draft, draft_size),
        .draft_size = draft_size,
        .created_us = db_get_time(rows, 14),
        .updated_us = db_get_time(rows, 15),
    };
}

static struct status read_one(struct db_tx *tx, const char *sql, int64_t id, struct arena *arena,
                              struct listing *ret, bool *ret_found)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx, sql, DB_ARGS(DB_I64(id)), &rows));
    *ret_found = db_rows_next(&rows);
    if (*ret_found)
        read_row(&rows, arena, ret);
    return STATUS_OK;
}

struct status listing_repo_find(struct db_tx *tx, int64_t id, struct arena *arena,
                                struct listing *ret, bool *ret_found)
{
    return read_one(tx, "SELECT " COLUMNS " FROM listing WHERE listing_id = ?", id, arena, ret,
                    ret_found);
}

struct status listing_repo_lock(struct db_tx *tx, int64_t id, struct arena *arena,
                                struct listing *ret, bool *ret_found)
{
    return read_one(tx, "SELECT " COLUMNS " FROM listing WHERE listing_id = ? FOR UPDATE", id,
                    arena, ret, ret_found);
}

struct status listing_repo_insert(struct db_tx *tx, const struct listing *listing)
{
    return db_exec(tx,
                   "INSERT INTO listing (" COLUMNS ") VALUES "
                   "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                   DB_ARGS(DB_I64(listing->id), DB_TEXT(listing->task_code),
                           DB_I64(listing->category_id), DB_I64(listing->source),
                           DB_I64(listing->user_type), DB_I64(listing->status),
                           DB_I64(listing->strategy), DB_TEXT(listing->comment),
                           DB_I64(listing->shop_id), DB_I64(listing->supplier_id),
                           DB_I64(listing->item_id), DB_I64(listing->publish_saga_id),
                           DB_I64(listing->version), DB_BYTES(listing->draft, listing->draft_size),
                           DB_TIME(listing->created_us), DB_TIME(listing->updated_us)),
                   NULL);
}

struct status listing_repo_save(struct db_tx *tx, const struct listing *listing,
                                int64_t version_before)
{
    uint64_t affected;

    TRY(db_exec(tx,
                "UPDATE listing SET status = ?, strategy = ?, comment = ?, item_id = ?, "
                "publish_saga_id = ?, version = ?, updated_at = ? "
                "WHERE listing_id = ? AND version = ?",
                DB_ARGS(DB_I64(listing->status), DB_I64(listing->strategy),
                        DB_TEXT(listing->comment), DB_I64(listing->item_id),
                        DB_I64(listing->publish_saga_id), DB_I64(listing->version),
                        DB_TIME(listing->updated_us), DB_I64(listing->id), DB_I64(version_before)),
                &affected));
    if (affected == 1)
        return STATUS_OK;
    return status_error(CODE_ABORTED, "VERSION_MISMATCH", "the listing has just changed");
}

struct status listing_repo_save_draft(struct db_tx *tx, const struct listing *listing)
{
    return db_exec(tx, "UPDATE listing SET draft = ? WHERE listing_id = ?",
                   DB_ARGS(DB_BYTES(listing->draft, listing->draft_size), DB_I64(listing->id)),
                   NULL);
}

struct status listing_repo_save_saga(struct db_tx *tx, const struct listing *listing)
{
    return db_exec(tx, "UPDATE listing SET publish_saga_id = ? WHERE listing_id = ?",
                   DB_ARGS(DB_I64(listing->publish_saga_id), DB_I64(listing->id)), NULL);
}

static struct status query_shop(struct db_tx *tx, const struct listing_query *query,
                                struct db_rows *ret)
{
    if (query->status == LISTING_ANY)
        return db_query(
            tx,
            "SELECT " COLUMNS " FROM listing WHERE shop_id = ? AND listing_id < ? "
            "ORDER BY listing_id DESC LIMIT ?",
            DB_ARGS(DB_I64(query->shop_id), DB_I64(query->before_id), DB_U64(query->most)), ret);
    return db_query(tx,
                    "SELECT " COLUMNS " FROM listing WHERE shop_id = ? AND status = ? "
                    "AND listing_id < ? ORDER BY listing_id DESC LIMIT ?",
                    DB_ARGS(DB_I64(query->shop_id), DB_I64(query->status), DB_I64(query->before_id),
                            DB_U64(query->most)),
                    ret);
}

static struct status query_supplier(struct db_tx *tx, const struct listing_query *query,
                                    struct db_rows *ret)
{
    if (query->status == LISTING_ANY)
        return db_query(
            tx,
            "SELECT " COLUMNS " FROM listing WHERE supplier_id = ? AND listing_id < ? "
            "ORDER BY listing_id DESC LIMIT ?",
            DB_ARGS(DB_I64(query->supplier_id), DB_I64(query->before_id), DB_U64(query->most)),
            ret);
    return db_query(tx,
                    "SELECT " COLUMNS " FROM listing WHERE supplier_id = ? AND status = ? "
                    "AND listing_id < ? ORDER BY listing_id DESC LIMIT ?",
                    DB_ARGS(DB_I64(query->supplier_id), DB_I64(query->status),
                            DB_I64(query->before_id), DB_U64(query->most)),
                    ret);
}

static struct status query_all(struct db_tx *tx, const struct listing_query *query,
                               struct db_rows *ret)
{
    if (query->status == LISTING_ANY)
        return db_query(tx,
                        "SELECT " COLUMNS " FROM listing WHERE listing_id < ? "
                        "ORDER BY listing_id DESC LIMIT ?",
                        DB_ARGS(DB_I64(query->before_id), DB_U64(query->most)), ret);
    return db_query(tx,
                    "SELECT " COLUMNS " FROM listing WHERE status = ? AND listing_id < ? "
                    "ORDER BY listing_id DESC LIMIT ?",
                    DB_ARGS(DB_I64(query->status), DB_I64(query->before_id), DB_U64(query->most)),
                    ret);
}

static struct status run_query(struct db_tx *tx, const struct listing_query *query,
                               struct db_rows *ret)
{
    if (query->shop_id)
        return query_shop(tx, query, ret);
    return query->supplier_id ? query_supplier(tx, query, ret) : query_all(tx, query, ret);
}

struct status listing_repo_query(struct db_tx *tx, const struct listing_query *query,
                                 struct arena *arena, struct listing **ret, size_t *ret_count)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(run_query(tx, query, &rows));
    *ret = arena_array_of(arena, struct listing, rows.count);
    for (*ret_count = 0; db_rows_next(&rows); ++*ret_count)
        read_row(&rows, arena, &(*ret)[*ret_count]);
    return STATUS_OK;
}

struct status listing_repo_insert_change(struct db_tx *tx, int64_t id,
                                         const struct listing_record *record)
{
    const struct listing_change *change = &record->change;

    return db_exec(
        tx,
        "INSERT INTO listing_history (listing_id, version, from_status, to_status, action, "
        "comment, changed_by, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        DB_ARGS(DB_I64(id), DB_I64(change->version),
                change->from == LISTING_NEW ? DB_NULL : DB_I64(change->from), DB_I64(change->to),
                DB_TEXT(change->action), DB_TEXT(record->comment), DB_TEXT(record->changed_by),
                DB_TIME(record->changed_us)),
        NULL);
}

struct status listing_repo_find_changes(struct db_tx *tx, int64_t id, int64_t after_version,
                                        size_t most, struct arena *arena,
                                        struct listing_record **ret, size_t *ret_count)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx,
                 "SELECT version, from_status, to_status, action, comment, changed_by, changed_at "
                 "FROM listing_history WHERE listing_id = ? AND version > ? "
                 "ORDER BY version LIMIT ?",
                 DB_ARGS(DB_I64(id), DB_I64(after_version), DB_U64(most)), &rows));
    *ret = arena_array_of(arena, struct listing_record, rows.count);
    for (*ret_count = 0; db_rows_next(&rows); ++*ret_count)
        (*ret)[*ret_count] = (struct listing_record){
            .change = {.from = db_get_is_null(&rows, 1) ? LISTING_NEW : (int)db_get_i64(&rows, 1),
                       .to = (enum listing_status)db_get_i64(&rows, 2),
                       .action = arena_strdup(arena, db_get_text(&rows, 3)),
                       .version = db_get_i64(&rows, 0)},
            .comment = arena_strdup(arena, db_get_text(&rows, 4)),
            .changed_by = arena_strdup(arena, db_get_text(&rows, 5)),
            .changed_us = db_get_time(&rows, 6),
        };
    return STATUS_OK;
}

struct status listing_repo_insert_audit(struct db_tx *tx, const struct listing *listing,
                                        const struct listing_record *record, const char *rules)
{
    return db_exec(tx,
                   "INSERT INTO audit_log (listing_id, version, strategy, approved, comment, "
                   "auditor, audited_at, rules) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                   DB_ARGS(DB_I64(listing->id), DB_I64(record->change.version),
                           DB_I64(listing->strategy), DB_I64(listing->status == LISTING_APPROVED),
                           DB_TEXT(record->comment), DB_TEXT(record->changed_by),
                           DB_TIME(record->changed_us), DB_TEXT(rules ? rules : "")),
                   NULL);
}
