#include "sku_price_repo.h"

#include <string.h>

#include "io/db.h"

static struct status read_one(struct db_tx *tx, const char *sql, int64_t sku_id,
                              struct sku_price *ret, bool *ret_found)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx, sql, DB_ARGS(DB_I64(sku_id)), &rows));
    *ret_found = db_rows_next(&rows);
    if (!*ret_found)
        return STATUS_OK;
    *ret = (struct sku_price){
        .sku_id = sku_id,
        .version = db_get_i64(&rows, 1),
        .event_version = db_get_i64(&rows, 2),
        .shop_id = db_get_i64(&rows, 3),
        .supplier_id = db_get_i64(&rows, 4),
    };
    strncpy(ret->currency, db_get_text(&rows, 0), sizeof ret->currency - 1);
    return STATUS_OK;
}

struct status sku_price_repo_find(struct db_tx *tx, int64_t sku_id, struct sku_price *ret,
                                  bool *ret_found)
{
    return read_one(tx,
                    "SELECT currency, version, event_version, shop_id, supplier_id "
                    "FROM sku_price WHERE sku_id = ?",
                    sku_id, ret, ret_found);
}

struct status sku_price_repo_lock(struct db_tx *tx, int64_t sku_id, struct sku_price *ret,
                                  bool *ret_found)
{
    return read_one(tx,
                    "SELECT currency, version, event_version, shop_id, supplier_id "
                    "FROM sku_price WHERE sku_id = ? FOR UPDATE",
                    sku_id, ret, ret_found);
}

struct status sku_price_repo_insert(struct db_tx *tx, const struct sku_price *sku)
{
    return db_exec(tx,
                   "INSERT INTO sku_price (sku_id, currency, version, event_version, shop_id, "
                   "supplier_id, created_at, updated_at) "
                   "VALUES (?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))",
                   DB_ARGS(DB_I64(sku->sku_id), DB_TEXT(sku->currency), DB_I64(sku->version),
                           DB_I64(sku->event_version), DB_I64(sku->shop_id),
                           DB_I64(sku->supplier_id)),
                   NULL);
}

struct status sku_price_repo_save(struct db_tx *tx, const struct sku_price *sku)
{
    return db_exec(
        tx,
        "UPDATE sku_price SET version = ?, event_version = ?, updated_at = UTC_TIMESTAMP(6) "
        "WHERE sku_id = ?",
        DB_ARGS(DB_I64(sku->version), DB_I64(sku->event_version), DB_I64(sku->sku_id)), NULL);
}
