#include "document_repo.h"

#include "io/db.h"

struct status document_repo_lock(struct db_tx *tx, const int64_t *item_ids, size_t count,
                                 struct arena *arena, int64_t *ret_versions)
{
    AUTO(db_rows_end) struct db_rows rows = {0};
    const struct db_set ids = db_set_of_ids(item_ids, count, arena);
    size_t at = 0;

    TRY(db_query_set(tx,
                     "SELECT item_id, item_version FROM document FORCE INDEX (PRIMARY) "
                     "WHERE item_id IN ({,|?}) ORDER BY item_id FOR UPDATE",
                     DB_NO_ARGS, &ids, 1, &rows));
    for (size_t i = 0; i < count; i++)
        ret_versions[i] = -1;
    while (db_rows_next(&rows)) {
        while (item_ids[at] != db_get_i64(&rows, 0))
            at++;
        ret_versions[at] = db_get_i64(&rows, 1);
    }
    return STATUS_OK;
}

struct status document_repo_insert(struct db_tx *tx, const struct document_item *items,
                                   size_t count, struct arena *arena)
{
    enum { WIDTH = 6 };
    struct db_value *values = arena_array_of(arena, struct db_value, WIDTH * count);
    const struct db_set set = {.values = values, .width = WIDTH, .rows = count};

    for (size_t i = 0; i < count; i++) {
        struct db_value *row = &values[WIDTH * i];
        row[0] = DB_I64(items[i].item->item_id);
        row[1] = DB_BYTES(items[i].packed, items[i].packed_size);
        row[2] = DB_I64(items[i].version);
        row[3] = DB_I64(items[i].item->category_id);
        row[4] = DB_I64(items[i].item->shop_id);
        row[5] = DB_I64(items[i].item->status);
    }
    return db_insert_rows(
        tx,
        "INSERT INTO document (item_id, item, item_version, category_id, shop_id, status, "
        "doc_version, indexed_version, due_at, failures, updated_at) "
        "VALUES {,|(?, ?, ?, ?, ?, ?, 1, 0, UTC_TIMESTAMP(6), 0, UTC_TIMESTAMP(6))}",
        set, NULL);
}

struct status document_repo_save(struct db_tx *tx, const struct document_item *item)
{
    return db_exec(tx,
                   "UPDATE document SET item = ?, item_version = ?, category_id = ?, shop_id = ?, "
                   "status = ?, doc_version = doc_version + 1, due_at = UTC_TIMESTAMP(6), "
                   "failures = 0, updated_at = UTC_TIMESTAMP(6) WHERE item_id = ?",
                   DB_ARGS(DB_BYTES(item->packed, item->packed_size), DB_I64(item->version),
                           DB_I64(item->item->category_id), DB_I64(item->item->shop_id),
                           DB_I64(item->item->status), DB_I64(item->item->item_id)),
                   NULL);
}

struct status document_repo_touch(struct db_tx *tx, const int64_t *item_ids, size_t count,
                                  struct arena *arena)
{
    const struct db_set ids = db_set_of_ids(item_ids, count, arena);

    return db_exec_set(tx,
                       "UPDATE document FORCE INDEX (PRIMARY) SET doc_version = doc_version + 1, "
                       "due_at = UTC_TIMESTAMP(6), failures = 0, updated_at = UTC_TIMESTAMP(6) "
                       "WHERE item_id IN ({,|?})",
                       DB_NO_ARGS, &ids, 1, NULL);
}

static void read_due(struct db_rows *rows, struct arena *arena, struct due **ret, size_t *ret_count)
{
    *ret = arena_array_of(arena, struct due, rows->count);
    for (*ret_count = 0; db_rows_next(rows); ++*ret_count) {
        struct due *due = &(*ret)[*ret_count];
        *due = (struct due){
            .item_id = db_get_i64(rows, 0),
            .version = db_get_i64(rows, 1),
            .indexed_version = db_get_i64(rows, 2),
            .failures = (unsigned)db_get_i64(rows, 3),
            .due_us = db_get_is_null(rows, 4) ? 0 : db_get_time(rows, 4),
        };
        const void *packed = db_get_bytes(rows, 5, &due->packed_size);
        due->packed = arena_dup(arena, packed, due->packed_size);
    }
}

struct status document_repo_find_due(struct db_tx *tx, int64_t now_us, size_t most,
                                     struct arena *arena, struct due **ret, size_t *ret_count)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx,
                 "SELECT item_id, doc_version, indexed_version, failures, due_at, item "
                 "FROM document WHERE due_at <= ? ORDER BY due_at LIMIT ?",
                 DB_ARGS(DB_TIME(now_us), DB_U64(most)), &rows));
    read_due(&rows, arena, ret, ret_count);
    return STATUS_OK;
}

struct status document_repo_find_after(struct db_tx *tx, int64_t after_id, size_t most,
                                       struct arena *arena, struct due **ret, size_t *ret_count)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx,
                 "SELECT item_id, doc_version, indexed_version, failures, due_at, item "
                 "FROM document WHERE item_id > ? ORDER BY item_id LIMIT ?",
                 DB_ARGS(DB_I64(after_id), DB_U64(most)), &rows));
    read_due(&rows, arena, ret, ret_count);
    return STATUS_OK;
}

struct status document_repo_renew(struct db_tx *tx, const int64_t *item_ids, size_t count,
                                  struct arena *arena)
{
    const struct db_set ids = db_set_of_ids(item_ids, count, arena);

    return db_exec_set(tx,
                       "UPDATE document FORCE INDEX (PRIMARY) SET doc_version = doc_version + 1 "
                       "WHERE item_id IN ({,|?}) AND doc_version = indexed_version",
                       DB_NO_ARGS, &ids, 1, NULL);
}

struct status document_repo_save_indexed(struct db_tx *tx, const struct indexed *list, size_t count,
                                         struct arena *arena)
{
    struct db_value *due = arena_array_of(arena, struct db_value, 2 * count);
    struct db_value *ids = arena_array_of(arena, struct db_value, count);
    struct db_value *versions = arena_array_of(arena, struct db_value, 2 * count);
    const struct db_set sets[] = {
        {.values = due, .width = 2, .rows = count},
        {.values = ids, .width = 1, .rows = count},
        {.values = versions, .width = 2, .rows = count},
    };

    for (size_t i = 0; i < count; i++) {
        ids[i] = due[2 * i] = versions[2 * i] = DB_I64(list[i].item_id);
        due[2 * i + 1] = list[i].stale_us ? DB_TIME(list[i].stale_us) : DB_NULL;
        versions[2 * i + 1] = DB_I64(list[i].version);
    }
    return db_exec_set(
        tx,
        "UPDATE document FORCE INDEX (PRIMARY) SET indexed_version = doc_version, failures = 0, "
        "due_at = CASE item_id { |WHEN ? THEN ?} END WHERE item_id IN ({,|?}) "
        "AND doc_version = CASE item_id { |WHEN ? THEN ?} END",
        DB_NO_ARGS, sets, ARRAY_LEN(sets), NULL);
}

struct status document_repo_save_refused(struct db_tx *tx, const struct due *due, int64_t again_us)
{
    return db_exec(tx,
                   "UPDATE document SET failures = failures + 1, due_at = ? "
                   "WHERE item_id = ? AND doc_version = ?",
                   DB_ARGS(DB_TIME(again_us), DB_I64(due->item_id), DB_I64(due->version)), NULL);
}

struct status document_repo_make_due(struct db_tx *tx, size_t most, struct arena *arena,
                                     int64_t *after_id, size_t *ret_count)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx, "SELECT item_id FROM document WHERE item_id > ? ORDER BY item_id LIMIT ?",
                 DB_ARGS(DB_I64(*after_id), DB_U64(most)), &rows));
    struct db_value *values = arena_array_of(arena, struct db_value, rows.count);
    for (*ret_count = 0; db_rows_next(&rows); ++*ret_count) {
        *after_id = db_get_i64(&rows, 0);
        values[*ret_count] = DB_I64(*after_id);
    }
    if (!*ret_count)
        return STATUS_OK;
    const struct db_set set = {.values = values, .width = 1, .rows = *ret_count};
    return db_exec_set(tx,
                       "UPDATE document FORCE INDEX (PRIMARY) SET doc_version = doc_version + 1, "
                       "due_at = UTC_TIMESTAMP(6) WHERE item_id IN ({,|?})",
                       DB_NO_ARGS, &set, 1, NULL);
}
