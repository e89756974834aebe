#include "cart_repo.h"

#include <string.h>

#include "io/db.h"

static void read_line(const struct db_rows *rows, struct cart_line *ret)
{
    *ret = (struct cart_line){
        .sku_id = db_get_i64(rows, 1),
        .item_id = db_get_i64(rows, 2),
        .quantity = db_get_i64(rows, 3),
        .selected = db_get_i64(rows, 4) != 0,
        .price = {.minor = db_get_i64(rows, 6)},
        .position = db_get_i64(rows, 7),
        .added_us = db_get_time(rows, 8),
    };
    strncpy(ret->price.currency, db_get_text(rows, 5), sizeof ret->price.currency - 1);
}

/* Of one statement, so that a change in between does not show half. A cart without lines is a row. */
#define CART                                                                      \
    "SELECT c.version, l.sku_id, l.item_id, l.quantity, l.selected, l.currency, " \
    "l.price_minor, l.position, l.added_at FROM cart AS c "                       \
    "LEFT JOIN cart_line AS l ON l.user_id = c.user_id "                          \
    "WHERE c.user_id = ? ORDER BY l.position LIMIT ?"

static struct status read_cart(struct db_tx *tx, const char *sql, int64_t user_id,
                               struct arena *arena, struct cart *ret, bool *ret_found)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx, sql, DB_ARGS(DB_I64(user_id), DB_U64(CART_LINES_MAX)), &rows));
    *ret_found = rows.count > 0;
    *ret = (struct cart){
        .user_id = user_id,
        .lines = arena_array_of(arena, struct cart_line, CART_LINES_MAX),
    };
    while (db_rows_next(&rows)) {
        ret->version = db_get_i64(&rows, 0);
        if (!db_get_is_null(&rows, 1))
            read_line(&rows, &ret->lines[ret->count++]);
    }
    return STATUS_OK;
}

struct status cart_repo_find(struct db_tx *tx, int64_t user_id, struct arena *arena,
                             struct cart *ret)
{
    bool found;

    return read_cart(tx, CART, user_id, arena, ret, &found);
}

struct status cart_repo_lock_existing(struct db_tx *tx, int64_t user_id, struct arena *arena,
                                      struct cart *ret)
{
    bool found;

    return read_cart(tx, CART " FOR UPDATE", user_id, arena, ret, &found);
}

/* Of several who make the same cart one inserts; the others wait here for its lock. */
static struct status insert_or_lock_row(struct db_tx *tx, int64_t user_id)
{
    return db_exec(tx,
                   "INSERT INTO cart (user_id, version, created_at, updated_at) "
                   "VALUES (?, 0, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6)) "
                   "ON DUPLICATE KEY UPDATE user_id = VALUES(user_id)",
                   DB_ARGS(DB_I64(user_id)), NULL);
}

struct status cart_repo_lock(struct db_tx *tx, int64_t user_id, struct arena *arena,
                             struct cart *ret)
{
    bool found;

    TRY(read_cart(tx, CART " FOR UPDATE", user_id, arena, ret, &found));
    if (found)
        return STATUS_OK;
    TRY(insert_or_lock_row(tx, user_id));
    return cart_repo_find(tx, user_id, arena, ret);
}

static struct status save_changed(struct db_tx *tx, const struct cart *cart, struct arena *arena)
{
    enum { WIDTH = 9 };
    struct db_value *values = arena_array_of(arena, struct db_value, cart->count * WIDTH);
    struct db_set set = {.values = values, .width = WIDTH};

    for (size_t i = 0; i < cart->count; i++) {
        const struct cart_line *line = &cart->lines[i];
        if (line->mark != CART_LINE_CHANGED)
            continue;
        const struct db_value row[WIDTH] = {
            DB_I64(cart->user_id),     DB_I64(line->sku_id),   DB_I64(line->item_id),
            DB_I64(line->quantity),    DB_I64(line->selected), DB_TEXT(line->price.currency),
            DB_I64(line->price.minor), DB_I64(line->position), DB_TIME(line->added_us),
        };
        memcpy(&values[set.rows++ * WIDTH], row, sizeof row);
    }
    return db_insert_rows(
        tx,
        "INSERT INTO cart_line (user_id, sku_id, item_id, quantity, selected, currency, "
        "price_minor, position, added_at) VALUES {,|(?, ?, ?, ?, ?, ?, ?, ?, ?)} "
        "ON DUPLICATE KEY UPDATE item_id = VALUES(item_id), quantity = VALUES(quantity), "
        "selected = VALUES(selected), currency = VALUES(currency), "
        "price_minor = VALUES(price_minor)",
        set, NULL);
}

static struct status delete_removed(struct db_tx *tx, const struct cart *cart, struct arena *arena)
{
    struct db_value *ids = arena_array_of(arena, struct db_value, cart->count);
    struct db_set set = {.values = ids, .width = 1};

    for (size_t i = 0; i < cart->count; i++)
        if (cart->lines[i].mark == CART_LINE_REMOVED)
            ids[set.rows++] = DB_I64(cart->lines[i].sku_id);
    if (!set.rows)
        return STATUS_OK;
    return db_exec_set(tx,
                       "DELETE cart_line FROM cart_line FORCE INDEX (PRIMARY) "
                       "WHERE user_id = ? AND sku_id IN ({,|?})",
                       DB_ARGS(DB_I64(cart->user_id)), &set, 1, NULL);
}

struct status cart_repo_save(struct db_tx *tx, const struct cart *cart, struct arena *arena)
{
    if (!cart->changed)
        return STATUS_OK;
    TRY(save_changed(tx, cart, arena));
    TRY(delete_removed(tx, cart, arena));
    return db_exec(tx,
                   "UPDATE cart SET version = ?, updated_at = UTC_TIMESTAMP(6) WHERE user_id = ?",
                   DB_ARGS(DB_I64(cart->version), DB_I64(cart->user_id)), NULL);
}
