#pragma once

/*
 * order_repo: orders in the database, with their lines and their history. Tables: orders,
 * order_line, order_change.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "order.h"

struct db_tx;
struct ids;

/* With their lines. ALREADY_EXISTS DUPLICATE_KEY when one is there. */
MUST_USE SUSPENDS struct status order_repo_insert(struct db_tx *tx, const struct order *orders,
                                                  size_t count, struct arena *arena);

/* Statuses, cancel reason, shipment, version and time of an order that the transaction has locked. */
MUST_USE SUSPENDS struct status order_repo_save(struct db_tx *tx, const struct order *order);

/* What moved, why and by whom, at the order's updated_us: in the same transaction as the order. */
MUST_USE SUSPENDS struct status order_repo_insert_changes(struct db_tx *tx, struct ids *ids,
                                                          const struct order *order,
                                                          const struct order_changes *changes,
                                                          const char *reason, const char *by);

/* Without lines. `*ret_found` is false when there is none. */
MUST_USE SUSPENDS struct status order_repo_find(struct db_tx *tx, int64_t order_id,
                                                struct arena *arena, struct order *ret,
                                                bool *ret_found);
MUST_USE SUSPENDS struct status order_repo_find_of_pay_order(struct db_tx *tx, int64_t pay_order_id,
                                                             struct arena *arena,
                                                             struct order **ret, size_t *ret_count);
/* As above, by rising id, and locked until the transaction ends. */
MUST_USE SUSPENDS struct status order_repo_lock_of_pay_order(struct db_tx *tx, int64_t pay_order_id,
                                                             struct arena *arena,
                                                             struct order **ret, size_t *ret_count);

struct order_page {
    int64_t user_id;          /* 0: any */
    int64_t shop_id;          /* 0: any, but not both */
    enum order_status status; /* 0: any */
    int64_t created_from_us;
    int64_t created_to_us;  /* outside; ORDER_TIME_END: no end */
    int64_t below_order_id; /* INT64_MAX: from the newest on */
    size_t most;
};

/* 9999-12-31: no order is later. */
#define ORDER_TIME_END INT64_C(253402300799999999)

/* By falling id, which is newest first. */
MUST_USE SUSPENDS struct status order_repo_page(struct db_tx *tx, const struct order_page *page,
                                                struct arena *arena, struct order **ret,
                                                size_t *ret_count);

/* Of one read: titles are long, so many lines of many orders would be tens of megabytes. */
enum { ORDER_REPO_LINES_MAX = 1000 };

/*
 * Reads the lines of orders, which are by falling id, into them. `*ret_count` of the first have all
 * of theirs, the others none to be looked at: one at least, and together at most
 * ORDER_REPO_LINES_MAX lines.
 */
MUST_USE SUSPENDS struct status order_repo_read_lines(struct db_tx *tx, struct order *orders,
                                                      size_t count, struct arena *arena,
                                                      size_t *ret_count);

struct order_change_row {
    struct order_change change;
    const char *reason;
    const char *changed_by;
    int64_t changed_us;
};

/* Oldest first; the first 200. */
MUST_USE SUSPENDS struct status order_repo_read_changes(struct db_tx *tx, int64_t order_id,
                                                        struct arena *arena,
                                                        struct order_change_row **ret,
                                                        size_t *ret_count);

struct due_order {
    int64_t user_id;
    int64_t order_id;
    int64_t due_us;
};

/*
 * Orders whose time to be paid is over, by that time and key, behind `after` (zeroed: from the
 * first).
 */
MUST_USE SUSPENDS struct status order_repo_find_overdue(struct db_tx *tx, struct due_order after,
                                                        size_t most, struct arena *arena,
                                                        struct due_order **ret, size_t *ret_count);
/* As above, of shipped orders whose time to be received is over. */
MUST_USE SUSPENDS struct status order_repo_find_received(struct db_tx *tx, struct due_order after,
                                                         size_t most, struct arena *arena,
                                                         struct due_order **ret, size_t *ret_count);
