#include "price_change_repo.h"

#include <string.h>

#include "io/db.h"

struct status price_change_repo_insert(struct db_tx *tx, int64_t sku_id,
                                       const struct price_change *change)
{
    const struct price *price = &change->price;

    return db_exec(
        tx,
        "INSERT INTO price_change (sku_id, version, kind, amount_minor, old_amount_minor, "
        "valid_from, valid_to, comment, changed_by, changed_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        DB_ARGS(DB_I64(sku_id), DB_I64(price->version), DB_I64(price->kind),
                DB_I64(price->amount_minor),
                change->old_amount_minor == PRICE_NONE ? DB_NULL : DB_I64(change->old_amount_minor),
                DB_TIME(price->from_us), DB_TIME(price->to_us), DB_TEXT(change->comment),
                DB_TEXT(price->set_by), DB_TIME(price->set_us)),
        NULL);
}

static struct price_change read_row(const struct db_rows *rows, struct arena *arena)
{
    struct price_change change = {
        .price = {.version = db_get_i64(rows, 0),
                  .kind = (enum price_kind)db_get_i64(rows, 1),
                  .amount_minor = db_get_i64(rows, 2),
                  .from_us = db_get_time(rows, 4),
                  .to_us = db_get_time(rows, 5),
                  .set_us = db_get_time(rows, 8)},
        .old_amount_minor = db_get_is_null(rows, 3) ? PRICE_NONE : db_get_i64(rows, 3),
        .comment = arena_strdup(arena, db_get_text(rows, 6)),
    };
    strncpy(change.price.set_by, db_get_text(rows, 7), sizeof change.price.set_by - 1);
    return change;
}

struct status price_change_repo_list(struct db_tx *tx, int64_t sku_id, int64_t before_version,
                                     size_t most, struct arena *arena, struct price_change **ret,
                                     size_t *ret_count)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx,
                 "SELECT version, kind, amount_minor, old_amount_minor, valid_from, valid_to, "
                 "comment, changed_by, changed_at FROM price_change "
                 "WHERE sku_id = ? AND version < ? ORDER BY version DESC LIMIT ?",
                 DB_ARGS(DB_I64(sku_id), DB_I64(before_version), DB_U64(most)), &rows));
    *ret = arena_array_of(arena, struct price_change, rows.count);
    for (*ret_count = 0; db_rows_next(&rows); ++*ret_count)
        (*ret)[*ret_count] = read_row(&rows, arena);
    return STATUS_OK;
}
