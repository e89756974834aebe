#include "order_repo.h"

#include <string.h>

#include "base/clock.h"
#include "io/db.h"
#include "patterns/ids.h"

#define COLUMNS                                                                                   \
    "user_id, order_id, order_no, pay_order_id, shop_id, status, payment_status, "                \
    "fulfilment_status, refund_status, currency, subtotal_minor, adjustment_minor, total_minor, " \
    "physical, address, note, cancel_reason, pay_by, version, created_at, updated_at, carrier, "  \
    "tracking_no, shipped_at, receive_by"

struct id_range {
    int64_t from;
    int64_t to; /* outside */
};

static struct db_value time_or_null(int64_t us)
{
    return us ? DB_TIME(us) : DB_NULL;
}

static void fill_order(const struct order *order, struct db_value *row)
{
    const struct db_value values[] = {
        DB_I64(order->user_id),
        DB_I64(order->order_id),
        DB_TEXT(order->order_no),
        DB_I64(order->pay_order_id),
        DB_I64(order->shop_id),
        DB_I64(order->status),
        DB_I64(order->payment_status),
        DB_I64(order->fulfilment_status),
        DB_I64(order->refund_status),
        DB_TEXT(order->total.currency),
        DB_I64(order->subtotal.minor),
        DB_I64(order->adjustment.minor),
        DB_I64(order->total.minor),
        DB_I64(order->physical),
        order->address ? DB_BYTES(order->address, order->address_size) : DB_NULL,
        DB_TEXT(order->note),
        DB_TEXT(order->cancel_reason),
        DB_TIME(order->pay_by_us),
        DB_I64(order->version),
        DB_TIME(order->created_us),
        DB_TIME(order->updated_us),
        DB_TEXT(order->shipment.carrier),
        DB_TEXT(order->shipment.tracking_no),
        time_or_null(order->shipment.shipped_us),
        time_or_null(order->shipment.receive_by_us),
    };
    memcpy(row, values, sizeof values);
}

static struct status insert_lines(struct db_tx *tx, const struct order *order, struct arena *arena)
{
    enum { WIDTH = 12 };
    struct db_value *values = arena_array_of(arena, struct db_value, order->line_count * WIDTH);

    for (size_t i = 0; i < order->line_count; i++) {
        const struct order_line *line = &order->lines[i];
        const struct db_value row[WIDTH] = {
            DB_I64(order->order_id),   DB_U64(i + 1),
            DB_I64(line->item_id),     DB_I64(line->sku_id),
            DB_I64(line->snapshot_id), DB_TEXT(line->item_title),
            DB_TEXT(line->sku_title),  DB_I64(line->quantity),
            DB_I64(line->base_minor),  DB_I64(line->adjustment_minor),
            DB_I64(line->total_minor), DB_I64(line->physical),
        };
        memcpy(&values[i * WIDTH], row, sizeof row);
    }
    return db_insert_rows(
        tx,
        "INSERT INTO order_line (order_id, line_no, item_id, sku_id, snapshot_id, item_title, "
        "sku_title, quantity, base_minor, adjustment_minor, total_minor, physical) "
        "VALUES {,|(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)}",
        (struct db_set){.values = values, .width = WIDTH, .rows = order->line_count}, NULL);
}

struct status order_repo_insert(struct db_tx *tx, const struct order *orders, size_t count,
                                struct arena *arena)
{
    enum { WIDTH = 25 };
    struct db_value *values = arena_array_of(arena, struct db_value, count * WIDTH);

    for (size_t i = 0; i < count; i++)
        fill_order(&orders[i], &values[i * WIDTH]);
    TRY(db_insert_rows(tx,
                       "INSERT INTO orders (" COLUMNS ") "
                       "VALUES {,|(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
                       "?, ?, ?, ?)}",
                       (struct db_set){.values = values, .width = WIDTH, .rows = count}, NULL));
    for (size_t i = 0; i < count; i++)
        TRY(insert_lines(tx, &orders[i], arena));
    return STATUS_OK;
}

struct status order_repo_save(struct db_tx *tx, const struct order *order)
{
    uint64_t affected;

    TRY(db_exec(tx,
                "UPDATE orders FORCE INDEX (PRIMARY) SET status = ?, payment_status = ?, "
                "fulfilment_status = ?, "
                "refund_status = ?, cancel_reason = ?, version = ?, carrier = ?, tracking_no = ?, "
                "shipped_at = ?, receive_by = ?, updated_at = ? "
                "WHERE user_id = ? AND order_id = ? AND version < ?",
                DB_ARGS(DB_I64(order->status), DB_I64(order->payment_status),
                        DB_I64(order->fulfilment_status), DB_I64(order->refund_status),
                        DB_TEXT(order->cancel_reason), DB_I64(order->version),
                        DB_TEXT(order->shipment.carrier), DB_TEXT(order->shipment.tracking_no),
                        time_or_null(order->shipment.shipped_us),
                        time_or_null(order->shipment.receive_by_us), DB_TIME(order->updated_us),
                        DB_I64(order->user_id), DB_I64(order->order_id), DB_I64(order->version)),
                &affected));
    if (affected != 1)
        return status_error(CODE_ABORTED, "CONTENTION", "order %lld changed meanwhile",
                            (long long)order->order_id);
    return STATUS_OK;
}

struct status order_repo_insert_changes(struct db_tx *tx, struct ids *ids,
                                        const struct order *order,
                                        const struct order_changes *changes, const char *reason,
                                        const char *by)
{
    enum { WIDTH = 8 };
    struct db_value values[ORDER_CHANGES_MAX * WIDTH];

    for (size_t i = 0; i < changes->count; i++) {
        int64_t change_id;
        TRY(ids_next(ids, &change_id));
        const struct db_value row[WIDTH] = {
            DB_I64(order->order_id),
            DB_I64(change_id),
            DB_I64(changes->list[i].machine),
            DB_I64(changes->list[i].from),
            DB_I64(changes->list[i].to),
            DB_TEXT(reason),
            DB_TEXT(by),
            DB_TIME(order->updated_us),
        };
        memcpy(&values[i * WIDTH], row, sizeof row);
    }
    return db_insert_rows(
        tx,
        "INSERT INTO order_change (order_id, change_id, machine, from_status, to_status, reason, "
        "changed_by, changed_at) VALUES {,|(?, ?, ?, ?, ?, ?, ?, ?)}",
        (struct db_set){.values = values, .width = WIDTH, .rows = changes->count}, NULL);
}

static void read_money(const struct db_rows *rows, unsigned column, struct money *ret)
{
    memcpy(ret->currency, db_get_text(rows, 9), sizeof ret->currency - 1);
    ret->currency[sizeof ret->currency - 1] = '\0';
    ret->minor = db_get_i64(rows, column);
}

static void read_shipment(const struct db_rows *rows, struct arena *arena, struct shipment *ret)
{
    *ret = (struct shipment){
        .carrier = arena_strdup(arena, db_get_text(rows, 21)),
        .tracking_no = arena_strdup(arena, db_get_text(rows, 22)),
    };
    if (db_get_is_null(rows, 23))
        return;
    ret->shipped_us = db_get_time(rows, 23);
    ret->receive_by_us = db_get_time(rows, 24);
}

static void read_order(const struct db_rows *rows, struct arena *arena, struct order *ret)
{
    size_t address_size;
    const void *address = db_get_bytes(rows, 14, &address_size);

    *ret = (struct order){
        .user_id = db_get_i64(rows, 0),
        .order_id = db_get_i64(rows, 1),
        .pay_order_id = db_get_i64(rows, 3),
        .shop_id = db_get_i64(rows, 4),
        .status = (enum order_status)db_get_i64(rows, 5),
        .payment_status = (enum payment_status)db_get_i64(rows, 6),
        .fulfilment_status = (enum fulfilment_status)db_get_i64(rows, 7),
        .refund_status = (enum refund_status)db_get_i64(rows, 8),
        .physical = db_get_i64(rows, 13) != 0,
        .note = arena_strdup(arena, db_get_text(rows, 15)),
        .cancel_reason = arena_strdup(arena, db_get_text(rows, 16)),
        .pay_by_us = db_get_time(rows, 17),
        .version = db_get_i64(rows, 18),
        .created_us = db_get_time(rows, 19),
        .updated_us = db_get_time(rows, 20),
    };
    memcpy(ret->order_no, db_get_text(rows, 2), ORDER_NO_DIGITS);
    read_money(rows, 10, &ret->subtotal);
    read_money(rows, 11, &ret->adjustment);
    read_money(rows, 12, &ret->total);
    read_shipment(rows, arena, &ret->shipment);
    if (!db_get_is_null(rows, 14)) {
        ret->address = arena_dup(arena, address, address_size);
        ret->address_size = address_size;
    }
}

static void read_orders(struct db_rows *rows, struct arena *arena, struct order **ret,
                        size_t *ret_count)
{
    *ret = arena_array_of(arena, struct order, rows->count);
    for (*ret_count = 0; db_rows_next(rows); ++*ret_count)
        read_order(rows, arena, &(*ret)[*ret_count]);
}

struct status order_repo_find(struct db_tx *tx, int64_t order_id, struct arena *arena,
                              struct order *ret, bool *ret_found)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx, "SELECT " COLUMNS " FROM orders WHERE order_id = ?", DB_ARGS(DB_I64(order_id)),
                 &rows));
    *ret_found = db_rows_next(&rows);
    if (*ret_found)
        read_order(&rows, arena, ret);
    return STATUS_OK;
}

struct status order_repo_find_of_pay_order(struct db_tx *tx, int64_t pay_order_id,
                                           struct arena *arena, struct order **ret,
                                           size_t *ret_count)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx, "SELECT " COLUMNS " FROM orders WHERE pay_order_id = ? ORDER BY order_id",
                 DB_ARGS(DB_I64(pay_order_id)), &rows));
    read_orders(&rows, arena, ret, ret_count);
    return STATUS_OK;
}

struct status order_repo_lock_of_pay_order(struct db_tx *tx, int64_t pay_order_id,
                                           struct arena *arena, struct order **ret,
                                           size_t *ret_count)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx,
                 "SELECT " COLUMNS " FROM orders FORCE INDEX (by_pay_order) "
                 "WHERE pay_order_id = ? ORDER BY order_id FOR UPDATE",
                 DB_ARGS(DB_I64(pay_order_id)), &rows));
    read_orders(&rows, arena, ret, ret_count);
    return STATUS_OK;
}

/*
 * Ids are made moments before their order is written, by another clock: they narrow the range that
 * is read, its ends are by the time of writing.
 */
static struct id_range ids_of(const struct order_page *page)
{
    const int64_t slack_ms = 3600 * 1000;
    const int64_t from = id_first_at_ms(page->created_from_us / CLOCK_US_PER_MS - slack_ms);
    const int64_t to = id_first_at_ms(page->created_to_us / CLOCK_US_PER_MS + slack_ms);

    return (struct id_range){from, to < page->below_order_id ? to : page->below_order_id};
}

static struct status page_of_user(struct db_tx *tx, const struct order_page *page,
                                  struct db_rows *rows)
{
    const struct id_range ids = ids_of(page);

    return db_query(tx,
                    "SELECT " COLUMNS
                    " FROM orders WHERE user_id = ? AND order_id >= ? AND order_id < ? "
                    "AND created_at >= ? AND created_at < ? AND (? = 0 OR shop_id = ?) "
                    "AND (? = 0 OR status = ?) ORDER BY order_id DESC LIMIT ?",
                    DB_ARGS(DB_I64(page->user_id), DB_I64(ids.from), DB_I64(ids.to),
                            DB_TIME(page->created_from_us), DB_TIME(page->created_to_us),
                            DB_I64(page->shop_id), DB_I64(page->shop_id), DB_I64(page->status),
                            DB_I64(page->status), DB_U64(page->most)),
                    rows);
}

static struct status page_of_shop(struct db_tx *tx, const struct order_page *page,
                                  struct db_rows *rows)
{
    const struct id_range ids = ids_of(page);

    return db_query(
        tx,
        "SELECT " COLUMNS " FROM orders WHERE shop_id = ? AND order_id >= ? AND order_id < ? "
        "AND created_at >= ? AND created_at < ? ORDER BY order_id DESC LIMIT ?",
        DB_ARGS(DB_I64(page->shop_id), DB_I64(ids.from), DB_I64(ids.to),
                DB_TIME(page->created_from_us), DB_TIME(page->created_to_us), DB_U64(page->most)),
        rows);
}

/* A shop has few orders that wait for something among many that do not: by a key of its own. */
static struct status page_of_shop_status(struct db_tx *tx, const struct order_page *page,
                                         struct db_rows *rows)
{
    const struct id_range ids = ids_of(page);

    return db_query(
        tx,
        "SELECT " COLUMNS " FROM orders WHERE shop_id = ? AND status = ? AND order_id >= ? "
        "AND order_id < ? AND created_at >= ? AND created_at < ? ORDER BY order_id DESC LIMIT ?",
        DB_ARGS(DB_I64(page->shop_id), DB_I64(page->status), DB_I64(ids.from), DB_I64(ids.to),
                DB_TIME(page->created_from_us), DB_TIME(page->created_to_us), DB_U64(page->most)),
        rows);
}

struct status order_repo_page(struct db_tx *tx, const struct order_page *page, struct arena *arena,
                              struct order **ret, size_t *ret_count)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    if (page->user_id)
        TRY(page_of_user(tx, page, &rows));
    else if (page->status)
        TRY(page_of_shop_status(tx, page, &rows));
    else
        TRY(page_of_shop(tx, page, &rows));
    read_orders(&rows, arena, ret, ret_count);
    return STATUS_OK;
}

static size_t find_order(const struct order *orders, size_t count, int64_t order_id)
{
    for (size_t i = 0; i < count; i++)
        if (orders[i].order_id == order_id)
            return i;
    BUG("a line of order %lld that was not asked for", (long long)order_id);
}

static void read_line(const struct db_rows *rows, struct arena *arena, struct order_line *ret)
{
    *ret = (struct order_line){
        .item_id = db_get_i64(rows, 1),
        .sku_id = db_get_i64(rows, 2),
        .snapshot_id = db_get_i64(rows, 3),
        .item_title = arena_strdup(arena, db_get_text(rows, 4)),
        .sku_title = arena_strdup(arena, db_get_text(rows, 5)),
        .quantity = db_get_i64(rows, 6),
        .base_minor = db_get_i64(rows, 7),
        .adjustment_minor = db_get_i64(rows, 8),
        .total_minor = db_get_i64(rows, 9),
        .physical = db_get_i64(rows, 10) != 0,
    };
}

/* Lines come order by order, so each order's are a run of one array. */
struct status order_repo_read_lines(struct db_tx *tx, struct order *orders, size_t count,
                                    struct arena *arena, size_t *ret_count)
{
    AUTO(db_rows_end) struct db_rows rows = {0};
    struct db_value *ids = arena_array_of(arena, struct db_value, count);
    const struct db_set set = {.values = ids, .width = 1, .rows = count};

    *ret_count = count;
    if (!count)
        return STATUS_OK;
    for (size_t i = 0; i < count; i++)
        ids[i] = DB_I64(orders[i].order_id);
    TRY(db_query_set(tx,
                     "SELECT order_id, item_id, sku_id, snapshot_id, item_title, sku_title, "
                     "quantity, base_minor, adjustment_minor, total_minor, physical "
                     "FROM order_line WHERE order_id IN ({,|?}) "
                     "ORDER BY order_id DESC, line_no LIMIT ?",
                     DB_ARGS(DB_U64(ORDER_REPO_LINES_MAX + 1)), &set, 1, &rows));
    struct order_line *lines = arena_array_of(arena, struct order_line, rows.count);
    for (size_t i = 0; db_rows_next(&rows); i++) {
        const size_t n = find_order(orders, count, db_get_i64(&rows, 0));
        struct order *order = &orders[n];
        if (i == ORDER_REPO_LINES_MAX) { /* one too many: whose it is may have more */
            *ret_count = n;
            break;
        }
        read_line(&rows, arena, &lines[i]);
        if (!order->line_count++)
            order->lines = &lines[i];
    }
    return STATUS_OK;
}

struct status order_repo_read_changes(struct db_tx *tx, int64_t order_id, struct arena *arena,
                                      struct order_change_row **ret, size_t *ret_count)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx,
                 "SELECT machine, from_status, to_status, reason, changed_by, changed_at "
                 "FROM order_change WHERE order_id = ? ORDER BY change_id LIMIT 200",
                 DB_ARGS(DB_I64(order_id)), &rows));
    *ret = arena_array_of(arena, struct order_change_row, rows.count);
    for (*ret_count = 0; db_rows_next(&rows); ++*ret_count)
        (*ret)[*ret_count] = (struct order_change_row){
            .change = {.machine = (enum order_machine)db_get_i64(&rows, 0),
                       .from = (int)db_get_i64(&rows, 1),
                       .to = (int)db_get_i64(&rows, 2)},
            .reason = arena_strdup(arena, db_get_text(&rows, 3)),
            .changed_by = arena_strdup(arena, db_get_text(&rows, 4)),
            .changed_us = db_get_time(&rows, 5),
        };
    return STATUS_OK;
}

static void read_due(struct db_rows *rows, struct arena *arena, struct due_order **ret,
                     size_t *ret_count)
{
    *ret = arena_array_of(arena, struct due_order, rows->count);
    for (*ret_count = 0; db_rows_next(rows); ++*ret_count)
        (*ret)[*ret_count] = (struct due_order){.user_id = db_get_i64(rows, 0),
                                                .order_id = db_get_i64(rows, 1),
                                                .due_us = db_get_time(rows, 2)};
}

struct status order_repo_find_overdue(struct db_tx *tx, struct due_order after, size_t most,
                                      struct arena *arena, struct due_order **ret,
                                      size_t *ret_count)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx,
                 "SELECT user_id, order_id, pay_by FROM orders "
                 "WHERE status = ? AND pay_by <= UTC_TIMESTAMP(6) AND pay_by >= ? "
                 "AND (pay_by > ? OR user_id > ? OR (user_id = ? AND order_id > ?)) "
                 "ORDER BY pay_by, user_id, order_id LIMIT ?",
                 DB_ARGS(DB_I64(ORDER_PENDING_PAYMENT), DB_TIME(after.due_us),
                         DB_TIME(after.due_us), DB_I64(after.user_id), DB_I64(after.user_id),
                         DB_I64(after.order_id), DB_U64(most)),
                 &rows));
    read_due(&rows, arena, ret, ret_count);
    return STATUS_OK;
}

struct status order_repo_find_received(struct db_tx *tx, struct due_order after, size_t most,
                                       struct arena *arena, struct due_order **ret,
                                       size_t *ret_count)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx,
                 "SELECT user_id, order_id, receive_by FROM orders "
                 "WHERE status = ? AND receive_by <= UTC_TIMESTAMP(6) AND receive_by >= ? "
                 "AND (receive_by > ? OR user_id > ? OR (user_id = ? AND order_id > ?)) "
                 "ORDER BY receive_by, user_id, order_id LIMIT ?",
                 DB_ARGS(DB_I64(ORDER_FULFILLING), DB_TIME(after.due_us), DB_TIME(after.due_us),
                         DB_I64(after.user_id), DB_I64(after.user_id), DB_I64(after.order_id),
                         DB_U64(most)),
                 &rows));
    read_due(&rows, arena, ret, ret_count);
    return STATUS_OK;
}
