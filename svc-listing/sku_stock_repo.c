#include "sku_stock_repo.h"

#include "io/db.h"

static struct status read_all(struct db_tx *tx, const struct db_set *set, struct arena *arena,
                              struct sku_stock **ret, size_t *ret_count)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query_set(tx,
                     "SELECT k.sku_id, k.item_id, i.listing_id, COALESCE(t.sold_out, 0), "
                     "COALESCE(t.version, 0) FROM sku k JOIN item i ON i.item_id = k.item_id "
                     "LEFT JOIN sku_stock t ON t.sku_id = k.sku_id WHERE k.sku_id IN ({,|?})",
                     DB_NO_ARGS, set, 1, &rows));
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

/* The row of sku is the lock: that of sku_stock may not be there, and item's come after listing's. */
struct status sku_stock_repo_lock(struct db_tx *tx, const int64_t *sku_ids, size_t count,
                                  struct arena *arena, struct sku_stock **ret, size_t *ret_count)
{
    AUTO(db_rows_end) struct db_rows locked = {0};
    struct db_value *values = arena_array_of(arena, struct db_value, count);
    const struct db_set set = {.values = values, .width = 1, .rows = count};

    for (size_t i = 0; i < count; i++)
        values[i] = DB_I64(sku_ids[i]);
    TRY(db_query_set(tx,
                     "SELECT sku_id FROM sku FORCE INDEX (PRIMARY) "
                     "WHERE sku_id IN ({,|?}) ORDER BY sku_id FOR UPDATE",
                     DB_NO_ARGS, &set, 1, &locked));
    return read_all(tx, &set, arena, ret, ret_count);
}

struct status sku_stock_repo_save(struct db_tx *tx, const struct sku_stock *stocks, size_t count,
                                  struct arena *arena)
{
    enum { WIDTH = 3 };
    struct db_value *values = arena_array_of(arena, struct db_value, count * WIDTH);

    if (!count)
        return STATUS_OK;
    for (size_t i = 0; i < count; i++) {
        values[i * WIDTH] = DB_I64(stocks[i].sku_id);
        values[i * WIDTH + 1] = DB_I64(stocks[i].sold_out);
        values[i * WIDTH + 2] = DB_I64(stocks[i].version);
    }
    return db_insert_rows(tx,
                          "INSERT INTO sku_stock (sku_id, sold_out, version, changed_at) "
                          "VALUES {,|(?, ?, ?, UTC_TIMESTAMP(6))} "
                          "ON DUPLICATE KEY UPDATE sold_out = VALUES(sold_out), "
                          "version = VALUES(version), changed_at = VALUES(changed_at)",
                          (struct db_set){.values = values, .width = WIDTH, .rows = count}, NULL);
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
