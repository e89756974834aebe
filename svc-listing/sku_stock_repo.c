#include "sku_stock_repo.h"

#include "io/db.h"

struct status sku_stock_repo_find_many(struct db_tx *tx, const int64_t *sku_ids, size_t count,
                                       struct arena *arena, struct sku_stock **ret,
                                       size_t *ret_count)
{
    AUTO(db_rows_end) struct db_rows rows = {0};
    struct db_value *values = arena_array_of(arena, struct db_value, count);
    const struct db_set set = {.values = values, .width = 1, .rows = count};

    for (size_t i = 0; i < count; i++)
        values[i] = DB_I64(sku_ids[i]);
    TRY(db_query_set(tx,
                     "SELECT k.sku_id, k.item_id, i.listing_id, COALESCE(t.sold_out, 0), "
                     "COALESCE(t.version, 0) FROM sku k JOIN item i ON i.item_id = k.item_id "
                     "LEFT JOIN sku_stock t ON t.sku_id = k.sku_id WHERE k.sku_id IN ({,|?})",
                     DB_NO_ARGS, &set, 1, &rows));
    *ret = arena_array_of(arena, struct sku_stock, rows.count);
    for (*ret_count = 0; db_rows_next(&rows); ++*ret_count)
        (*ret)[*ret_count] = (struct sku_stock){
            .sku_id = db_get_i64(&rows, 0),
            .item_id = db_get_i64(&rows, 1),
            .listing_id = db_get_i64(&rows, 2),
            .sold_out = db_get_i64(&rows, 3) != 0,
            .version = db_get_i64(&rows, 4),
        };
    return STATUS_OK;
}

struct status sku_stock_repo_save(struct db_tx *tx, const struct sku_stock *stock)
{
    return db_exec(tx,
                   "INSERT INTO sku_stock (sku_id, sold_out, version, changed_at) "
                   "VALUES (?, ?, ?, UTC_TIMESTAMP(6)) "
                   "ON DUPLICATE KEY UPDATE sold_out = VALUES(sold_out), "
                   "version = VALUES(version), changed_at = VALUES(changed_at)",
                   DB_ARGS(DB_I64(stock->sku_id), DB_I64(stock->sold_out), DB_I64(stock->version)),
                   NULL);
}

struct status sku_stock_repo_is_left(struct db_tx *tx, int64_t item_id, bool *ret)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx,
                 "SELECT k.sku_id FROM sku k LEFT JOIN sku_stock t ON t.sku_id = k.sku_id "
                 "WHERE k.item_id = ? AND COALESCE(t.sold_out, 0) = 0 LIMIT 1",
                 DB_ARGS(DB_I64(item_id)), &rows));
    *ret = db_rows_next(&rows);
    return STATUS_OK;
}
