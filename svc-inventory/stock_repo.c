#include "stock_repo.h"

#include "io/db.h"

#define COLUMNS "sku_id, model, free, held, sold, version, shop_id, supplier_id, updated_at"

static void read_row(const struct db_rows *rows, struct stock *ret)
{
    *ret = (struct stock){
        .sku_id = db_get_i64(rows, 0),
        .model = (enum stock_model)db_get_i64(rows, 1),
        .free = db_get_i64(rows, 2),
        .held = db_get_i64(rows, 3),
        .sold = db_get_i64(rows, 4),
        .version = db_get_i64(rows, 5),
        .shop_id = db_get_i64(rows, 6),
        .supplier_id = db_get_i64(rows, 7),
        .updated_us = db_get_time(rows, 8),
    };
}

static struct status read_one(struct db_tx *tx, const char *sql, int64_t sku_id, struct stock *ret,
                              bool *ret_found)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx, sql, DB_ARGS(DB_I64(sku_id)), &rows));
    *ret_found = db_rows_next(&rows);
    if (*ret_found)
        read_row(&rows, ret);
    return STATUS_OK;
}

struct status stock_repo_find(struct db_tx *tx, int64_t sku_id, struct stock *ret, bool *ret_found)
{
    return read_one(tx, "SELECT " COLUMNS " FROM stock WHERE sku_id = ?", sku_id, ret, ret_found);
}

struct status stock_repo_lock(struct db_tx *tx, int64_t sku_id, struct stock *ret, bool *ret_found)
{
    return read_one(tx, "SELECT " COLUMNS " FROM stock WHERE sku_id = ? FOR UPDATE", sku_id, ret,
                    ret_found);
}

static struct status query_many(struct db_tx *tx, const char *sql, const int64_t *sku_ids,
                                size_t count, struct arena *arena, struct db_rows *ret)
{
    struct db_value *values = arena_array_of(arena, struct db_value, count);
    const struct db_set set = {.values = values, .width = 1, .rows = count};

    for (size_t i = 0; i < count; i++)
        values[i] = DB_I64(sku_ids[i]);
    return db_query_set(tx, sql, DB_NO_ARGS, &set, 1, ret);
}

struct status stock_repo_find_many(struct db_tx *tx, const int64_t *sku_ids, size_t count,
                                   struct arena *arena, struct stock **ret, size_t *ret_count)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(query_many(tx, "SELECT " COLUMNS " FROM stock WHERE sku_id IN ({,|?})", sku_ids, count,
                   arena, &rows));
    *ret = arena_array_of(arena, struct stock, rows.count);
    for (*ret_count = 0; db_rows_next(&rows); ++*ret_count)
        read_row(&rows, &(*ret)[*ret_count]);
    return STATUS_OK;
}

struct status stock_repo_lock_many(struct db_tx *tx, const int64_t *sku_ids, size_t count,
                                   struct arena *arena, struct stock *ret)
{
    AUTO(db_rows_end) struct db_rows rows = {0};
    size_t found = 0;

    TRY(query_many(tx,
                   "SELECT " COLUMNS " FROM stock FORCE INDEX (PRIMARY) "
                   "WHERE sku_id IN ({,|?}) ORDER BY sku_id FOR UPDATE",
                   sku_ids, count, arena, &rows));
    while (found < count && db_rows_next(&rows)) {
        if (db_get_i64(&rows, 0) != sku_ids[found])
            break;
        read_row(&rows, &ret[found++]);
    }
    if (found < count)
        return status_error(CODE_NOT_FOUND, "SKU_UNKNOWN", "there is no SKU %lld",
                            (long long)sku_ids[found]);
    return STATUS_OK;
}

struct status stock_repo_insert(struct db_tx *tx, const struct stock *stock)
{
    return db_exec(tx,
                   "INSERT INTO stock (sku_id, model, free, held, sold, version, shop_id, "
                   "supplier_id, dirty, event_version, updated_at) "
                   "VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, 0, UTC_TIMESTAMP(6))",
                   DB_ARGS(DB_I64(stock->sku_id), DB_I64(stock->model), DB_I64(stock->free),
                           DB_I64(stock->held), DB_I64(stock->sold), DB_I64(stock->version),
                           DB_I64(stock->shop_id), DB_I64(stock->supplier_id)),
                   NULL);
}

struct status stock_repo_save(struct db_tx *tx, const struct stock *stock)
{
    return db_exec(tx,
                   "UPDATE stock SET free = ?, held = ?, sold = ?, version = ?, dirty = 1, "
                   "updated_at = UTC_TIMESTAMP(6) WHERE sku_id = ?",
                   DB_ARGS(DB_I64(stock->free), DB_I64(stock->held), DB_I64(stock->sold),
                           DB_I64(stock->version), DB_I64(stock->sku_id)),
                   NULL);
}

/*
 * Differences, not values: free and held are unsigned columns, so what the decision above should
 * ever get wrong the database refuses.
 */
struct status stock_repo_save_counts(struct db_tx *tx, const struct stock *before,
                                     const struct stock *after, size_t count, struct arena *arena)
{
    struct db_value *free = arena_array_of(arena, struct db_value, count * 2);
    struct db_value *held = arena_array_of(arena, struct db_value, count * 2);
    struct db_value *sold = arena_array_of(arena, struct db_value, count * 2);
    struct db_value *ids = arena_array_of(arena, struct db_value, count);
    const struct db_set sets[] = {
        {.values = free, .width = 2, .rows = count},
        {.values = held, .width = 2, .rows = count},
        {.values = sold, .width = 2, .rows = count},
        {.values = ids, .width = 1, .rows = count},
    };

    for (size_t i = 0; i < count; i++) {
        ids[i] = free[2 * i] = held[2 * i] = sold[2 * i] = DB_I64(after[i].sku_id);
        free[2 * i + 1] = DB_I64(after[i].free - before[i].free);
        held[2 * i + 1] = DB_I64(after[i].held - before[i].held);
        sold[2 * i + 1] = DB_I64(after[i].sold - before[i].sold);
    }
    return db_exec_set(tx,
                       "UPDATE stock FORCE INDEX (PRIMARY) SET "
                       "free = free + CASE sku_id { |WHEN ? THEN ?} END, "
                       "held = held + CASE sku_id { |WHEN ? THEN ?} END, "
                       "sold = sold + CASE sku_id { |WHEN ? THEN ?} END, dirty = 1, "
                       "updated_at = UTC_TIMESTAMP(6) WHERE sku_id IN ({,|?})",
                       DB_NO_ARGS, sets, ARRAY_LEN(sets), NULL);
}

static struct status find_untold(struct db_tx *tx, size_t most, struct arena *arena,
                                 int64_t **ret_ids, size_t *ret_count)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx, "SELECT sku_id FROM stock WHERE dirty = 1 ORDER BY sku_id LIMIT ?",
                 DB_ARGS(DB_U64(most)), &rows));
    *ret_ids = arena_array_of(arena, int64_t, rows.count);
    for (*ret_count = 0; db_rows_next(&rows); ++*ret_count)
        (*ret_ids)[*ret_count] = db_get_i64(&rows, 0);
    return STATUS_OK;
}

/* Another process may have told some of them since they were found. */
struct status stock_repo_lock_untold(struct db_tx *tx, size_t most, struct arena *arena,
                                     struct stock **ret, int64_t **ret_versions, size_t *ret_count)
{
    AUTO(db_rows_end) struct db_rows rows = {0};
    int64_t *ids;

    TRY(find_untold(tx, most, arena, &ids, ret_count));
    if (!*ret_count)
        return STATUS_OK;
    TRY(query_many(tx,
                   "SELECT " COLUMNS ", event_version FROM stock FORCE INDEX (PRIMARY) "
                   "WHERE sku_id IN ({,|?}) AND dirty = 1 ORDER BY sku_id FOR UPDATE",
                   ids, *ret_count, arena, &rows));
    *ret = arena_array_of(arena, struct stock, rows.count);
    *ret_versions = arena_array_of(arena, int64_t, rows.count);
    for (*ret_count = 0; db_rows_next(&rows); ++*ret_count) {
        read_row(&rows, &(*ret)[*ret_count]);
        (*ret_versions)[*ret_count] = db_get_i64(&rows, 9) + 1;
    }
    return STATUS_OK;
}

struct status stock_repo_mark_told(struct db_tx *tx, const struct stock *stocks, size_t count,
                                   struct arena *arena)
{
    struct db_value *values = arena_array_of(arena, struct db_value, count);
    const struct db_set set = {.values = values, .width = 1, .rows = count};

    for (size_t i = 0; i < count; i++)
        values[i] = DB_I64(stocks[i].sku_id);
    return db_exec_set(tx,
                       "UPDATE stock FORCE INDEX (PRIMARY) "
                       "SET dirty = 0, event_version = event_version + 1 "
                       "WHERE sku_id IN ({,|?})",
                       DB_NO_ARGS, &set, 1, NULL);
}
