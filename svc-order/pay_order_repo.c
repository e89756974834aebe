#include "pay_order_repo.h"

#include <string.h>

#include "io/db.h"

#define PAY_ORDER_COLUMNS \
    "pay_order_id, user_id, status, currency, redemption_id, paid_by, pay_by, version"
#define PAYMENT_COLUMNS                                                                     \
    "payment_id, pay_order_id, user_id, provider, method, status, currency, amount_minor, " \
    "created_at, updated_at"

struct status pay_order_repo_insert(struct db_tx *tx, const struct pay_order *pay_order)
{
    return db_exec(tx,
                   "INSERT INTO pay_order (" PAY_ORDER_COLUMNS ", created_at, updated_at) "
                   "VALUES (?, ?, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))",
                   DB_ARGS(DB_I64(pay_order->pay_order_id), DB_I64(pay_order->user_id),
                           DB_I64(pay_order->status), DB_TEXT(pay_order->currency),
                           DB_I64(pay_order->redemption_id), DB_I64(pay_order->paid_by),
                           DB_TIME(pay_order->pay_by_us), DB_I64(pay_order->version)),
                   NULL);
}

struct status pay_order_repo_save(struct db_tx *tx, const struct pay_order *pay_order)
{
    return db_exec(tx,
                   "UPDATE pay_order SET status = ?, paid_by = ?, version = ?, "
                   "updated_at = UTC_TIMESTAMP(6) WHERE pay_order_id = ?",
                   DB_ARGS(DB_I64(pay_order->status), DB_I64(pay_order->paid_by),
                           DB_I64(pay_order->version), DB_I64(pay_order->pay_order_id)),
                   NULL);
}

static void copy_currency(const char *from, char ret[4])
{
    memcpy(ret, from, 3);
    ret[3] = '\0';
}

static void read_pay_order(const struct db_rows *rows, struct pay_order *ret)
{
    *ret = (struct pay_order){
        .pay_order_id = db_get_i64(rows, 0),
        .user_id = db_get_i64(rows, 1),
        .status = (enum payment_status)db_get_i64(rows, 2),
        .redemption_id = db_get_i64(rows, 4),
        .paid_by = db_get_i64(rows, 5),
        .pay_by_us = db_get_time(rows, 6),
        .version = db_get_i64(rows, 7),
    };
    copy_currency(db_get_text(rows, 3), ret->currency);
}

static struct status read_one(struct db_tx *tx, const char *sql, int64_t id, struct pay_order *ret,
                              bool *ret_found)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx, sql, DB_ARGS(DB_I64(id)), &rows));
    *ret_found = db_rows_next(&rows);
    if (*ret_found)
        read_pay_order(&rows, ret);
    return STATUS_OK;
}

struct status pay_order_repo_find(struct db_tx *tx, int64_t pay_order_id, struct pay_order *ret,
                                  bool *ret_found)
{
    return read_one(tx, "SELECT " PAY_ORDER_COLUMNS " FROM pay_order WHERE pay_order_id = ?",
                    pay_order_id, ret, ret_found);
}

struct status pay_order_repo_lock(struct db_tx *tx, int64_t pay_order_id, struct pay_order *ret,
                                  bool *ret_found)
{
    return read_one(tx,
                    "SELECT " PAY_ORDER_COLUMNS " FROM pay_order WHERE pay_order_id = ? FOR UPDATE",
                    pay_order_id, ret, ret_found);
}

struct status pay_order_repo_find_many(struct db_tx *tx, const int64_t *ids, size_t count,
                                       struct arena *arena, struct pay_order **ret,
                                       size_t *ret_count)
{
    AUTO(db_rows_end) struct db_rows rows = {0};
    struct db_value *values = arena_array_of(arena, struct db_value, count);
    const struct db_set set = {.values = values, .width = 1, .rows = count};

    for (size_t i = 0; i < count; i++)
        values[i] = DB_I64(ids[i]);
    TRY(db_query_set(tx,
                     "SELECT " PAY_ORDER_COLUMNS " FROM pay_order WHERE pay_order_id IN ({,|?})",
                     DB_NO_ARGS, &set, 1, &rows));
    *ret = arena_array_of(arena, struct pay_order, rows.count);
    for (*ret_count = 0; db_rows_next(&rows); ++*ret_count)
        read_pay_order(&rows, &(*ret)[*ret_count]);
    return STATUS_OK;
}

struct status payment_repo_insert(struct db_tx *tx, const struct payment *payment)
{
    return db_exec(tx,
                   "INSERT INTO payment (" PAYMENT_COLUMNS
                   ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))",
                   DB_ARGS(DB_I64(payment->payment_id), DB_I64(payment->pay_order_id),
                           DB_I64(payment->user_id), DB_TEXT(payment->provider),
                           DB_TEXT(payment->method), DB_I64(payment->status),
                           DB_TEXT(payment->amount.currency), DB_I64(payment->amount.minor)),
                   NULL);
}

struct status payment_repo_save_status(struct db_tx *tx, const struct payment *payment)
{
    return db_exec(tx,
                   "UPDATE payment SET status = ?, updated_at = UTC_TIMESTAMP(6) "
                   "WHERE payment_id = ?",
                   DB_ARGS(DB_I64(payment->status), DB_I64(payment->payment_id)), NULL);
}

static void read_payment(struct db_rows *rows, struct arena *arena, struct payment *ret,
                         bool *ret_found)
{
    *ret_found = db_rows_next(rows);
    if (!*ret_found)
        return;
    *ret = (struct payment){
        .payment_id = db_get_i64(rows, 0),
        .pay_order_id = db_get_i64(rows, 1),
        .user_id = db_get_i64(rows, 2),
        .provider = arena_strdup(arena, db_get_text(rows, 3)),
        .method = arena_strdup(arena, db_get_text(rows, 4)),
        .status = (enum payment_status)db_get_i64(rows, 5),
        .amount.minor = db_get_i64(rows, 7),
        .created_us = db_get_time(rows, 8),
        .updated_us = db_get_time(rows, 9),
    };
    copy_currency(db_get_text(rows, 6), ret->amount.currency);
}

struct status payment_repo_find(struct db_tx *tx, int64_t payment_id, struct arena *arena,
                                struct payment *ret, bool *ret_found)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx, "SELECT " PAYMENT_COLUMNS " FROM payment WHERE payment_id = ?",
                 DB_ARGS(DB_I64(payment_id)), &rows));
    read_payment(&rows, arena, ret, ret_found);
    return STATUS_OK;
}

struct status payment_repo_find_pending(struct db_tx *tx, int64_t pay_order_id, const char *method,
                                        int64_t amount_minor, struct arena *arena,
                                        struct payment *ret, bool *ret_found)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx,
                 "SELECT " PAYMENT_COLUMNS " FROM payment WHERE pay_order_id = ? AND status = ? "
                 "AND method = ? AND amount_minor = ? ORDER BY payment_id LIMIT 1",
                 DB_ARGS(DB_I64(pay_order_id), DB_I64(PAYMENT_PENDING), DB_TEXT(method),
                         DB_I64(amount_minor)),
                 &rows));
    read_payment(&rows, arena, ret, ret_found);
    return STATUS_OK;
}

struct status payment_repo_any_pending(struct db_tx *tx, int64_t pay_order_id, bool *ret)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx, "SELECT payment_id FROM payment WHERE pay_order_id = ? AND status = ? LIMIT 1",
                 DB_ARGS(DB_I64(pay_order_id), DB_I64(PAYMENT_PENDING)), &rows));
    *ret = rows.count > 0;
    return STATUS_OK;
}

struct status payment_repo_insert_orders(struct db_tx *tx, int64_t payment_id,
                                         const int64_t *order_ids, size_t count,
                                         struct arena *arena)
{
    struct db_value *values = arena_array_of(arena, struct db_value, count * 2);

    for (size_t i = 0; i < count; i++) {
        values[2 * i] = DB_I64(payment_id);
        values[2 * i + 1] = DB_I64(order_ids[i]);
    }
    return db_insert_rows(tx, "INSERT INTO payment_order (payment_id, order_id) VALUES {,|(?, ?)}",
                          (struct db_set){.values = values, .width = 2, .rows = count}, NULL);
}

struct status payment_repo_find_orders(struct db_tx *tx, int64_t payment_id, struct arena *arena,
                                       int64_t **ret, size_t *ret_count)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx, "SELECT order_id FROM payment_order WHERE payment_id = ? ORDER BY order_id",
                 DB_ARGS(DB_I64(payment_id)), &rows));
    *ret = arena_array_of(arena, int64_t, rows.count);
    for (*ret_count = 0; db_rows_next(&rows); ++*ret_count)
        (*ret)[*ret_count] = db_get_i64(&rows, 0);
    return STATUS_OK;
}

/* A unique key says whether it is new. */
static struct status is_new(struct status inserted, bool *ret_new)
{
    *ret_new = status_ok(&inserted);
    return status_is(&inserted, "DUPLICATE_KEY") ? STATUS_OK : inserted;
}

static struct status check_same(struct db_tx *tx, const struct payment_event_row *event)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx,
                 "SELECT payment_id, succeeded FROM payment_event "
                 "WHERE provider = ? AND event_id = ?",
                 DB_ARGS(DB_TEXT(event->provider), DB_TEXT(event->event_id)), &rows));
    if (db_rows_next(&rows) && db_get_i64(&rows, 0) == event->payment_id &&
        db_get_i64(&rows, 1) == event->succeeded)
        return STATUS_OK;
    return status_error(CODE_INVALID_ARGUMENT, "CALLBACK_INVALID",
                        "event_id was used for something else");
}

struct status payment_event_repo_insert(struct db_tx *tx, const struct payment_event_row *event,
                                        bool *ret_new)
{
    TRY(is_new(db_exec(tx,
                       "INSERT INTO payment_event (provider, event_id, payment_id, succeeded, "
                       "created_at) VALUES (?, ?, ?, ?, UTC_TIMESTAMP(6))",
                       DB_ARGS(DB_TEXT(event->provider), DB_TEXT(event->event_id),
                               DB_I64(event->payment_id), DB_I64(event->succeeded)),
                       NULL),
               ret_new));
    return *ret_new ? STATUS_OK : check_same(tx, event);
}

struct status refund_repo_insert(struct db_tx *tx, const struct refund *refund, bool *ret_new)
{
    return is_new(
        db_exec(tx,
                "INSERT INTO refund (refund_id, payment_id, order_id, pay_order_id, user_id, "
                "currency, amount_minor, status, reason, created_at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(6))",
                DB_ARGS(DB_I64(refund->refund_id), DB_I64(refund->payment_id),
                        DB_I64(refund->order_id), DB_I64(refund->pay_order_id),
                        DB_I64(refund->user_id), DB_TEXT(refund->amount.currency),
                        DB_I64(refund->amount.minor), DB_I64(REFUND_PENDING),
                        DB_TEXT(refund->reason)),
                NULL),
        ret_new);
}
