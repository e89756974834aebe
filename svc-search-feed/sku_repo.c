#include "sku_repo.h"

#include "io/db.h"

/* In the database: never change the numbers. */
enum { MODEL_QUANTITY = 1, MODEL_UNLIMITED = 2 }; /* 0: no stock was told of yet */

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

struct status sku_repo_assign(struct db_tx *tx, const struct sku_owner *owners, size_t count,
                              struct arena *arena)
{
    struct db_value *values = arena_array_of(arena, struct db_value, 2 * count);
    const struct db_set set = {.values = values, .width = 2, .rows = count};

    for (size_t i = 0; i < count; i++) {
        values[2 * i] = DB_I64(owners[i].sku_id);
        values[2 * i + 1] = DB_I64(owners[i].item_id);
    }
    return db_insert_rows(tx,
                          "INSERT INTO document_sku (sku_id, item_id, prices, price_version, "
                          "model, free, stock_version, updated_at) "
                          "VALUES {,|(?, ?, '', 0, 0, 0, 0, UTC_TIMESTAMP(6))} "
                          "ON DUPLICATE KEY UPDATE item_id = VALUES(item_id)",
                          set, NULL);
}

/*
 * Makes the missing rows and locks all of them, in their order. Prices and stock of a new SKU
 * arrive side by side, and both want to make its row: the update takes the lock for writing at
 * once, where a plain insert that finds the row there would hold it for reading, and two such would
 * deadlock.
 */
static struct status touch(struct db_tx *tx, struct db_set ids)
{
    return db_insert_rows(tx,
                          "INSERT INTO document_sku (sku_id, item_id, prices, price_version, "
                          "model, free, stock_version, updated_at) "
                          "VALUES {,|(?, 0, '', 0, 0, 0, 0, UTC_TIMESTAMP(6))} "
                          "ON DUPLICATE KEY UPDATE sku_id = VALUES(sku_id)",
                          ids, NULL);
}

struct status sku_repo_lock(struct db_tx *tx, const int64_t *sku_ids, size_t count,
                            struct arena *arena, struct sku *ret)
{
    AUTO(db_rows_end) struct db_rows rows = {0};
    const struct db_set ids = db_set_of_ids(sku_ids, count, arena);

    TRY(touch(tx, ids));
    TRY(db_query_set(tx,
                     "SELECT " COLUMNS " FROM document_sku FORCE INDEX (PRIMARY) "
                     "WHERE sku_id IN ({,|?}) ORDER BY sku_id FOR UPDATE",
                     DB_NO_ARGS, &ids, 1, &rows));
    if (rows.count != count)
        return status_error(CODE_INTERNAL, "INTERNAL", "%zu of %zu SKUs are there", rows.count,
                            count);
    for (size_t i = 0; db_rows_next(&rows); i++)
        read_row(&rows, &ret[i]);
    return STATUS_OK;
}

struct status sku_repo_save_prices(struct db_tx *tx, const struct sku *skus, size_t count,
                                   struct arena *arena)
{
    struct db_value *values = arena_array_of(arena, struct db_value, 3 * count);
    const struct db_set set = {.values = values, .width = 3, .rows = count};

    for (size_t i = 0; i < count; i++) {
        values[3 * i] = DB_I64(skus[i].sku_id);
        values[3 * i + 1] = DB_BYTES(skus[i].prices, skus[i].prices_size);
        values[3 * i + 2] = DB_I64(skus[i].price_version);
    }
    return db_insert_rows(tx,
                          "INSERT INTO document_sku (sku_id, prices, price_version, item_id, "
                          "model, free, stock_version, updated_at) "
                          "VALUES {,|(?, ?, ?, 0, 0, 0, 0, UTC_TIMESTAMP(6))} "
                          "ON DUPLICATE KEY UPDATE prices = VALUES(prices), "
                          "price_version = VALUES(price_version), updated_at = VALUES(updated_at)",
                          set, NULL);
}

struct status sku_repo_save_stock(struct db_tx *tx, const struct sku *skus, size_t count,
                                  struct arena *arena)
{
    struct db_value *values = arena_array_of(arena, struct db_value, 4 * count);
    const struct db_set set = {.values = values, .width = 4, .rows = count};

    for (size_t i = 0; i < count; i++) {
        values[4 * i] = DB_I64(skus[i].sku_id);
        values[4 * i + 1] = DB_I64(skus[i].is_unlimited ? MODEL_UNLIMITED : MODEL_QUANTITY);
        values[4 * i + 2] = DB_I64(skus[i].free);
        values[4 * i + 3] = DB_I64(skus[i].stock_version);
    }
    return db_insert_rows(
        tx,
        "INSERT INTO document_sku (sku_id, model, free, stock_version, item_id, prices, "
        "price_version, updated_at) VALUES {,|(?, ?, ?, ?, 0, '', 0, UTC_TIMESTAMP(6))} "
        "ON DUPLICATE KEY UPDATE model = VALUES(model), free = VALUES(free), "
        "stock_version = VALUES(stock_version), updated_at = VALUES(updated_at)",
        set, NULL);
}

struct status sku_repo_find_many(struct db_tx *tx, const int64_t *sku_ids, size_t count,
                                 struct arena *arena, struct sku **ret, size_t *ret_count)
{
    AUTO(db_rows_end) struct db_rows rows = {0};
    const struct db_set set = db_set_of_ids(sku_ids, count, arena);

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
