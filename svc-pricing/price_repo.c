#include "price_repo.h"

#include <string.h>

#include "io/db.h"
#include "patterns/ids.h"

/* A clock that is a little behind sees more than PRICES_MAX ahead. */
enum { LIST_MAX = 2 * PRICES_MAX };

static void read_row(const struct db_rows *rows, struct price *ret)
{
    *ret = (struct price){
        .id = db_get_i64(rows, 0),
        .kind = (enum price_kind)db_get_i64(rows, 1),
        .amount_minor = db_get_i64(rows, 2),
        .from_us = db_get_time(rows, 3),
        .to_us = db_get_time(rows, 4),
        .version = db_get_i64(rows, 5),
        .set_us = db_get_time(rows, 7),
    };
    strncpy(ret->set_by, db_get_text(rows, 6), sizeof ret->set_by - 1);
}

struct status price_repo_list(struct db_tx *tx, int64_t sku_id, int64_t now_us, struct arena *arena,
                              struct price_list *ret)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx,
                 "SELECT price_id, kind, amount_minor, valid_from, valid_to, version, set_by, "
                 "set_at FROM price WHERE sku_id = ? AND ended_version = 0 AND kind IN (?, ?) "
                 "AND valid_to > ? ORDER BY kind, valid_to LIMIT ?",
                 DB_ARGS(DB_I64(sku_id), DB_I64(PRICE_BASE), DB_I64(PRICE_SALE), DB_TIME(now_us),
                         DB_U64(LIST_MAX)),
                 &rows));
    ret->prices = arena_array_of(arena, struct price, rows.count);
    for (ret->count = 0; db_rows_next(&rows); ret->count++)
        read_row(&rows, &ret->prices[ret->count]);
    return STATUS_OK;
}

static struct status end(struct db_tx *tx, const struct sku_price *sku,
                         const struct price_list *list, struct arena *arena)
{
    struct db_value *ids = arena_array_of(arena, struct db_value, list->count);
    struct db_set set = {.values = ids, .width = 1};

    for (size_t i = 0; i < list->count; i++)
        if (list->prices[i].ended)
            ids[set.rows++] = DB_I64(list->prices[i].id);
    if (!set.rows)
        return STATUS_OK;
    return db_exec_set(
        tx,
        "UPDATE price FORCE INDEX (PRIMARY) SET ended_version = ?, ended_at = UTC_TIMESTAMP(6) "
        "WHERE sku_id = ? AND ended_version = 0 AND price_id IN ({,|?})",
        DB_ARGS(DB_I64(sku->version), DB_I64(sku->sku_id)), &set, 1, NULL);
}

static struct status begin(struct db_tx *tx, struct ids *ids, const struct sku_price *sku,
                           const struct price_list *list, struct arena *arena)
{
    enum { WIDTH = 9 };
    struct db_value *values = arena_array_of(arena, struct db_value, list->count * WIDTH);
    struct db_set set = {.values = values, .width = WIDTH};

    for (size_t i = 0; i < list->count; i++) {
        const struct price *price = &list->prices[i];
        int64_t id;
        if (price->id)
            continue;
        TRY(ids_next(ids, &id));
        const struct db_value row[WIDTH] = {
            DB_I64(sku->sku_id),     DB_I64(id),
            DB_I64(price->kind),     DB_I64(price->amount_minor),
            DB_TIME(price->from_us), DB_TIME(price->to_us),
            DB_I64(price->version),  DB_TEXT(price->set_by),
            DB_TIME(price->set_us),
        };
        memcpy(&values[set.rows++ * WIDTH], row, sizeof row);
    }
    return db_insert_rows(tx,
                          "INSERT INTO price (sku_id, price_id, kind, amount_minor, valid_from, "
                          "valid_to, version, set_by, set_at, ended_version) "
                          "VALUES {,|(?, ?, ?, ?, ?, ?, ?, ?, ?, 0)}",
                          set, NULL);
}

/* Ends first: in force the windows of a kind end at different times, which is a unique key. */
struct status price_repo_save(struct db_tx *tx, struct ids *ids, const struct sku_price *sku,
                              const struct price_list *list, struct arena *arena)
{
    TRY(end(tx, sku, list, arena));
    return begin(tx, ids, sku, list, arena);
}

/* Rows of a SKU follow each other, so its list is a part of `prices`. */
static void group(struct db_rows *rows, struct price *prices, struct priced_skus *skus)
{
    struct priced_sku *sku = NULL;

    for (struct price *price = prices; db_rows_next(rows); price++) {
        const int64_t sku_id = db_get_i64(rows, 0);
        if (!sku || sku->sku.sku_id != sku_id) {
            sku = &skus->skus[skus->count++];
            sku->list.prices = price;
            sku->sku.sku_id = sku_id;
            sku->sku.version = db_get_i64(rows, 2);
            strncpy(sku->sku.currency, db_get_text(rows, 1), sizeof sku->sku.currency - 1);
        }
        *price = (struct price){
            .kind = (enum price_kind)db_get_i64(rows, 3),
            .amount_minor = db_get_i64(rows, 4),
            .from_us = db_get_time(rows, 5),
            .to_us = db_get_time(rows, 6),
            .version = db_get_i64(rows, 7),
        };
        sku->list.count++;
    }
}

struct status price_repo_find_at(struct db_tx *tx, const int64_t *sku_ids, size_t count,
                                 int64_t at_us, struct arena *arena, struct priced_skus *ret)
{
    AUTO(db_rows_end) struct db_rows rows = {0};
    struct db_value *values = arena_array_of(arena, struct db_value, count);
    const struct db_set set = {.values = values, .width = 1, .rows = count};

    for (size_t i = 0; i < count; i++)
        values[i] = DB_I64(sku_ids[i]);
    TRY(db_query_set(
        tx,
        "SELECT p.sku_id, s.currency, s.version, p.kind, p.amount_minor, p.valid_from, "
        "p.valid_to, p.version FROM price AS p JOIN sku_price AS s ON s.sku_id = p.sku_id "
        "WHERE p.sku_id IN ({,|?}) AND p.ended_version = 0 AND p.kind IN (?, ?) "
        "AND p.valid_to > ? AND p.valid_from <= ? ORDER BY p.sku_id",
        DB_ARGS(DB_I64(PRICE_BASE), DB_I64(PRICE_SALE), DB_TIME(at_us), DB_TIME(at_us)), &set, 1,
        &rows));
    *ret = (struct priced_skus){.skus = arena_array_of(arena, struct priced_sku, rows.count)};
    group(&rows, arena_array_of(arena, struct price, rows.count), ret);
    return STATUS_OK;
}
