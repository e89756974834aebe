#include "snapshot_repo.h"

#include <string.h>

#include "io/db.h"

struct status snapshot_repo_find(struct db_tx *tx, int64_t id, struct arena *arena,
                                 struct snapshot *ret, bool *ret_found)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx,
                 "SELECT s.item_version, s.document, s.created_at FROM snapshot s "
                 "JOIN item i ON i.item_id = s.item_id "
                 "WHERE s.snapshot_id = ? AND i.status NOT IN (?, ?)",
                 DB_ARGS(DB_I64(id), DB_I64(ITEM_HIDDEN), DB_I64(ITEM_REMOVED)), &rows));
    *ret_found = db_rows_next(&rows);
    if (!*ret_found)
        return STATUS_OK;
    *ret = (struct snapshot){
        .id = id,
        .item_version = db_get_i64(&rows, 0),
        .created_us = db_get_time(&rows, 2),
    };
    const void *document = db_get_bytes(&rows, 1, &ret->document_size);
    ret->document = arena_dup(arena, document, ret->document_size);
    return STATUS_OK;
}

struct status snapshot_repo_insert(struct db_tx *tx, const struct item *items, const int64_t *ids,
                                   size_t count, struct arena *arena)
{
    enum { WIDTH = 5 };
    struct db_value *values = arena_array_of(arena, struct db_value, count * WIDTH);

    for (size_t i = 0; i < count; i++) {
        const struct db_value row[WIDTH] = {
            DB_I64(ids[i]),
            DB_I64(items[i].id),
            DB_BYTES(items[i].digest, ITEM_DIGEST_SIZE),
            DB_I64(items[i].version),
            DB_BYTES(items[i].document, items[i].document_size),
        };
        memcpy(&values[i * WIDTH], row, sizeof row);
    }
    return db_insert_rows(
        tx,
        "INSERT INTO snapshot (snapshot_id, item_id, digest, item_version, document, created_at) "
        "VALUES {,|(?, ?, ?, ?, ?, UTC_TIMESTAMP(6))} "
        "ON DUPLICATE KEY UPDATE item_id = VALUES(item_id)",
        (struct db_set){.values = values, .width = WIDTH, .rows = count}, NULL);
}

static void read_sku(const struct db_rows *rows, struct arena *arena, struct sku_state *ret)
{
    *ret = (struct sku_state){
        .sku_id = db_get_i64(rows, 0),
        .item_id = db_get_i64(rows, 1),
        .sku_code = arena_strdup(arena, db_get_text(rows, 2)),
        .sku_title = arena_strdup(arena, db_get_text(rows, 3)),
        .item_title = arena_strdup(arena, db_get_text(rows, 4)),
        .category_id = db_get_i64(rows, 5),
        .shop_id = db_get_i64(rows, 6),
        .supplier_id = db_get_i64(rows, 7),
        .physical = db_get_i64(rows, 8) != 0,
        .status = (enum item_status)db_get_i64(rows, 9),
        .item_version = db_get_i64(rows, 10),
        .snapshot_id = db_get_i64(rows, 11),
    };
}

struct status snapshot_repo_find_skus(struct db_tx *tx, const int64_t *sku_ids, size_t count,
                                      struct arena *arena, struct sku_state **ret,
                                      size_t *ret_count)
{
    AUTO(db_rows_end) struct db_rows rows = {0};
    struct db_value *values = arena_array_of(arena, struct db_value, count);
    const struct db_set set = {.values = values, .width = 1, .rows = count};

    for (size_t i = 0; i < count; i++)
        values[i] = DB_I64(sku_ids[i]);
    TRY(db_query_set(tx,
                     "SELECT k.sku_id, k.item_id, k.sku_code, k.title, i.title, i.category_id, "
                     "i.shop_id, i.supplier_id, i.physical, i.status, i.version, s.snapshot_id "
                     "FROM sku k JOIN item i ON i.item_id = k.item_id "
                     "LEFT JOIN snapshot s ON s.item_id = i.item_id AND s.digest = i.digest "
                     "WHERE k.sku_id IN ({,|?})",
                     DB_NO_ARGS, &set, 1, &rows));
    *ret = arena_array_of(arena, struct sku_state, rows.count);
    for (*ret_count = 0; db_rows_next(&rows); ++*ret_count)
        read_sku(&rows, arena, &(*ret)[*ret_count]);
    return STATUS_OK;
}
