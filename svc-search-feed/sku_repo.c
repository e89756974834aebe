#include "sku_repo.h"

#include "io/db.h"

/* In the database: never change the numbers. */
enum { MODEL_NONE = 0, MODEL_QUANTITY = 1, MODEL_UNLIMITED = 2 };

#define COLUMNS "sku_id, item_id, price_version, model, free, stock_version"

static void read_row(const struct db_rows *rows, struct sku *ret)
{
    *ret = (struct sku){
        .sku_id = db_get_i64(rows, 0),
        .item_id = db_get_i64(rows, 1),
        .price_version = db_get_i64(rows, 2),
        .is_unlimited = db_get_i64(rows, 3) == MODEL_UNLIMITED,
        .free = db_get_i64(rows, 4),
        .stock_version = db_get_i64(rows, 5),
    };
}

struct status sku_repo_assign(struct db_tx *tx, int64_t item_id, const int64_t *sku_ids,
                              size_t count, struct arena *arena)
{
    struct db_value *values = arena_array_of(arena, struct db_value, 2 * count);
    const struct db_set set = {.values = values, .width = 2, .rows = count};

    for (size_t i = 0; i < count; i++) {
        values[2 * i] = DB_I64(sku_ids[i]);
        values[2 * i + 1] = DB_I64(item_id);
    }
    return db_insert_rows(tx,
                          "INSERT INTO document_sku (sku_id, item_id, prices, price_version, "
                          "model, free, stock_version, updated_at) "
                          "VALUES {,|(?, ?, '', 0, 0, 0, 0, UTC_TIMESTAMP(6))} "
                          "ON DUPLICATE KEY UPDATE item_id = VALUES(item_id)",
                          set, NULL);
}

static struct status lock(struct db_tx *tx, int64_t sku_id, struct sku *ret, bool *ret_found)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx, "SELECT " COLUMNS " FROM document_sku WHERE sku_id = ? FOR UPDATE",
                 DB_ARGS(DB_I64(sku_id)), &rows));
    *ret_found = db_rows_next(&rows);
    if (*ret_found)
        read_row(&rows, ret);
    return STATUS_OK;
}

/*
 * Prices and stock of a new SKU arrive side by side, and both want to make its row. The update
 * takes the lock for writing at once: a plain insert that finds the row there holds it for reading,
 * and two such would deadlock.
 */
static struct status insert(struct db_tx *tx, int64_t sku_id)
{
    return db_exec(tx,
                   "INSERT INTO document_sku (sku_id, item_id, prices, price_version, model, free, "
                   "stock_version, updated_at) VALUES (?, 0, '', 0, 0, 0, 0, UTC_TIMESTAMP(6)) "
                   "ON DUPLICATE KEY UPDATE sku_id = VALUES(sku_id)",
                   DB_ARGS(DB_I64(sku_id)), NULL);
}

struct status sku_repo_lock(struct db_tx *tx, int64_t sku_id, struct sku *ret)
{
    bool found;

    TRY(lock(tx, sku_id, ret, &found));
    if (found)
        return STATUS_OK;
    TRY(insert(tx, sku_id));
    TRY(lock(tx, sku_id, ret, &found));
    return found ? STATUS_OK
                 : status_error(CODE_INTERNAL, "INTERNAL", "SKU %lld is gone", (long long)sku_id);
}

struct status sku_repo_save_prices(struct db_tx *tx, const struct sku *sku)
{
    return db_exec(tx,
                   "UPDATE document_sku SET prices = ?, price_version = ?, "
                   "updated_at = UTC_TIMESTAMP(6) WHERE sku_id = ?",
                   DB_ARGS(DB_BYTES(sku->prices, sku->prices_size), DB_I64(sku->price_version),
                           DB_I64(sku->sku_id)),
                   NULL);
}

struct status sku_repo_save_stock(struct db_tx *tx, const struct sku *sku)
{
    return db_exec(tx,
                   "UPDATE document_sku SET model = ?, free = ?, stock_version = ?, "
                   "updated_at = UTC_TIMESTAMP(6) WHERE sku_id = ?",
                   DB_ARGS(DB_I64(sku->is_unlimited ? MODEL_UNLIMITED : MODEL_QUANTITY),
                           DB_I64(sku->free), DB_I64(sku->stock_version), DB_I64(sku->sku_id)),
                   NULL);
}

struct status sku_repo_find_many(struct db_tx *tx, const int64_t *sku_ids, size_t count,
                                 struct arena *arena, struct sku **ret, size_t *ret_count)
{
    AUTO(db_rows_end) struct db_rows rows = {0};
    struct db_value *values = arena_array_of(arena, struct db_value, count);
    const struct db_set set = {.values = values, .width = 1, .rows = count};

    for (size_t i = 0; i < count; i++)
        values[i] = DB_I64(sku_ids[i]);
    TRY(db_query_set(
        tx, "SELECT " COLUMNS ", prices FROM document_sku WHERE sku_id IN ({,|?}) ORDER BY sku_id",
        DB_NO_ARGS, &set, 1, &rows));
    *ret = arena_array_of(arena, struct sku, rows.count);
    for (*ret_count = 0; db_rows_next(&rows); ++*ret_count) {
        struct sku *sku = &(*ret)[*ret_count];
        read_row(&rows, sku);
        const void *prices = db_get_bytes(&rows, 6, &sku->prices_size);
        sku->prices = arena_dup(arena, prices, sku->prices_size);
    }
    return STATUS_OK;
}
