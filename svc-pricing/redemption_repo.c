#include "redemption_repo.h"

#include "io/db.h"

struct status redemption_repo_insert(struct db_tx *tx, const struct redemption *redemption,
                                     const char *caller)
{
    return db_exec(
        tx,
        "INSERT INTO redemption (redemption_id, status, quote_id, pay_order_id, user_id, "
        "active_quote_id, active_pay_order_id, redeemed_by, redeemed_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(6))",
        DB_ARGS(DB_I64(redemption->id), DB_I64(redemption->status), DB_I64(redemption->quote_id),
                DB_I64(redemption->pay_order_id), DB_I64(redemption->user_id),
                DB_I64(redemption->quote_id), DB_I64(redemption->pay_order_id), DB_TEXT(caller)),
        NULL);
}

struct status redemption_repo_insert_cancelled(struct db_tx *tx, int64_t id, const char *caller)
{
    return db_exec(tx,
                   "INSERT INTO redemption (redemption_id, status, quote_id, pay_order_id, "
                   "user_id, cancelled_by, cancelled_at) "
                   "VALUES (?, ?, 0, 0, 0, ?, UTC_TIMESTAMP(6))",
                   DB_ARGS(DB_I64(id), DB_I64(REDEMPTION_CANCELLED), DB_TEXT(caller)), NULL);
}

static struct status read_one(struct db_tx *tx, const char *sql, int64_t id, struct redemption *ret,
                              bool *ret_found)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx, sql, DB_ARGS(DB_I64(id)), &rows));
    *ret_found = db_rows_next(&rows);
    if (*ret_found)
        *ret = (struct redemption){
            .id = id,
            .status = (enum redemption_status)db_get_i64(&rows, 0),
            .quote_id = db_get_i64(&rows, 1),
            .pay_order_id = db_get_i64(&rows, 2),
            .user_id = db_get_i64(&rows, 3),
        };
    return STATUS_OK;
}

struct status redemption_repo_find(struct db_tx *tx, int64_t id, struct redemption *ret,
                                   bool *ret_found)
{
    return read_one(tx,
                    "SELECT status, quote_id, pay_order_id, user_id FROM redemption "
                    "WHERE redemption_id = ?",
                    id, ret, ret_found);
}

struct status redemption_repo_lock(struct db_tx *tx, int64_t id, struct redemption *ret,
                                   bool *ret_found)
{
    return read_one(tx,
                    "SELECT status, quote_id, pay_order_id, user_id FROM redemption "
                    "WHERE redemption_id = ? FOR UPDATE",
                    id, ret, ret_found);
}

static struct status is_there(struct db_tx *tx, const char *sql, int64_t id, bool *ret)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx, sql, DB_ARGS(DB_I64(id)), &rows));
    *ret = db_rows_next(&rows);
    return STATUS_OK;
}

struct status redemption_repo_quote_is_taken(struct db_tx *tx, int64_t quote_id, bool *ret)
{
    return is_there(tx, "SELECT redemption_id FROM redemption WHERE active_quote_id = ?", quote_id,
                    ret);
}

struct status redemption_repo_pay_order_is_taken(struct db_tx *tx, int64_t pay_order_id, bool *ret)
{
    return is_there(tx, "SELECT redemption_id FROM redemption WHERE active_pay_order_id = ?",
                    pay_order_id, ret);
}

struct status redemption_repo_save_cancelled(struct db_tx *tx, int64_t id, const char *caller)
{
    return db_exec(tx,
                   "UPDATE redemption SET status = ?, active_quote_id = NULL, "
                   "active_pay_order_id = NULL, cancelled_by = ?, "
                   "cancelled_at = UTC_TIMESTAMP(6) WHERE redemption_id = ? AND status = ?",
                   DB_ARGS(DB_I64(REDEMPTION_CANCELLED), DB_TEXT(caller), DB_I64(id),
                           DB_I64(REDEMPTION_REDEEMED)),
                   NULL);
}
