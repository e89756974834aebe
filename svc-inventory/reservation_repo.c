#include "reservation_repo.h"

#include "io/db.h"

struct status reservation_repo_insert(struct db_tx *tx, const struct reservation *reservation,
                                      int64_t ttl_s)
{
    return db_exec(
        tx,
        "INSERT INTO reservation (reservation_id, order_id, status, version, expires_at, "
        "created_at, updated_at) VALUES (?, ?, ?, 1, "
        "UTC_TIMESTAMP(6) + INTERVAL ? SECOND, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))",
        DB_ARGS(DB_I64(reservation->id), DB_I64(reservation->order_id), DB_I64(reservation->status),
                DB_I64(ttl_s)),
        NULL);
}

struct status reservation_repo_get_expiry(struct db_tx *tx, int64_t id, int64_t *ret_us)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx, "SELECT expires_at FROM reservation WHERE reservation_id = ?",
                 DB_ARGS(DB_I64(id)), &rows));
    if (!db_rows_next(&rows))
        return status_error(CODE_INTERNAL, "INTERNAL", "reservation %lld is not there",
                            (long long)id);
    *ret_us = db_get_time(&rows, 0);
    return STATUS_OK;
}

struct status reservation_repo_insert_lines(struct db_tx *tx, const struct reservation *reservation,
                                            struct arena *arena)
{
    enum { WIDTH = 3 };
    struct db_value *values =
        arena_array_of(arena, struct db_value, reservation->line_count * WIDTH);

    for (size_t i = 0; i < reservation->line_count; i++) {
        values[i * WIDTH] = DB_I64(reservation->id);
        values[i * WIDTH + 1] = DB_I64(reservation->lines[i].sku_id);
        values[i * WIDTH + 2] = DB_I64(reservation->lines[i].quantity);
    }
    return db_insert_rows(
        tx, "INSERT INTO reservation_line (reservation_id, sku_id, quantity) VALUES {,|(?, ?, ?)}",
        (struct db_set){.values = values, .width = WIDTH, .rows = reservation->line_count}, NULL);
}

static struct status read_lines(struct db_tx *tx, struct arena *arena,
                                struct reservation *reservation)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx,
                 "SELECT sku_id, quantity FROM reservation_line WHERE reservation_id = ? "
                 "ORDER BY sku_id",
                 DB_ARGS(DB_I64(reservation->id)), &rows));
    reservation->lines = arena_array_of(arena, struct reservation_line, rows.count);
    while (db_rows_next(&rows))
        reservation->lines[reservation->line_count++] = (struct reservation_line){
            .sku_id = db_get_i64(&rows, 0), .quantity = db_get_i64(&rows, 1)};
    return STATUS_OK;
}

static struct status read_one(struct db_tx *tx, const char *sql, int64_t id, struct arena *arena,
                              struct reservation *ret, bool *ret_found)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx, sql, DB_ARGS(DB_I64(id)), &rows));
    *ret_found = db_rows_next(&rows);
    if (!*ret_found)
        return STATUS_OK;
    *ret = (struct reservation){
        .id = id,
        .order_id = db_get_i64(&rows, 0),
        .status = (enum reservation_status)db_get_i64(&rows, 1),
        .expires_us = db_get_time(&rows, 2),
    };
    return read_lines(tx, arena, ret);
}

struct status reservation_repo_find(struct db_tx *tx, int64_t id, struct arena *arena,
                                    struct reservation *ret, bool *ret_found)
{
    return read_one(tx,
                    "SELECT order_id, status, expires_at FROM reservation WHERE reservation_id = ?",
                    id, arena, ret, ret_found);
}

struct status reservation_repo_lock(struct db_tx *tx, int64_t id, struct arena *arena,
                                    struct reservation *ret, bool *ret_found)
{
    return read_one(tx,
                    "SELECT order_id, status, expires_at FROM reservation WHERE reservation_id = ? "
                    "FOR UPDATE",
                    id, arena, ret, ret_found);
}

struct status reservation_repo_save_status(struct db_tx *tx, const struct reservation *reservation)
{
    return db_exec(tx,
                   "UPDATE reservation SET status = ?, version = version + 1, "
                   "updated_at = UTC_TIMESTAMP(6) WHERE reservation_id = ?",
                   DB_ARGS(DB_I64(reservation->status), DB_I64(reservation->id)), NULL);
}

struct status reservation_repo_find_expired(struct db_tx *tx, struct expired_hold after,
                                            size_t most, struct arena *arena,
                                            struct expired_hold **ret, size_t *ret_count)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx,
                 "SELECT reservation_id, expires_at FROM reservation WHERE status = ? "
                 "AND expires_at < UTC_TIMESTAMP(6) "
                 "AND expires_at >= ? AND (expires_at > ? OR reservation_id > ?) "
                 "ORDER BY expires_at, reservation_id LIMIT ?",
                 DB_ARGS(DB_I64(RESERVATION_HELD), DB_TIME(after.expires_us),
                         DB_TIME(after.expires_us), DB_I64(after.id), DB_U64(most)),
                 &rows));
    *ret = arena_array_of(arena, struct expired_hold, rows.count);
    for (*ret_count = 0; db_rows_next(&rows); ++*ret_count)
        (*ret)[*ret_count] =
            (struct expired_hold){.id = db_get_i64(&rows, 0), .expires_us = db_get_time(&rows, 1)};
    return STATUS_OK;
}
