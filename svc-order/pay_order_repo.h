#pragma once

/*
 * pay_order_repo: pay orders, payments, what providers said, and refunds. Tables: pay_order,
 * payment, payment_order, payment_event, refund.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "pay_order.h"

struct db_tx;

/* ALREADY_EXISTS DUPLICATE_KEY when the id is taken. */
MUST_USE SUSPENDS struct status pay_order_repo_insert(struct db_tx *tx,
                                                      const struct pay_order *pay_order);
MUST_USE SUSPENDS struct status pay_order_repo_save(struct db_tx *tx,
                                                    const struct pay_order *pay_order);
MUST_USE SUSPENDS struct status pay_order_repo_find(struct db_tx *tx, int64_t pay_order_id,
                                                    struct pay_order *ret, bool *ret_found);
/* Lock it before its orders and payments. */
MUST_USE SUSPENDS struct status pay_order_repo_lock(struct db_tx *tx, int64_t pay_order_id,
                                                    struct pay_order *ret, bool *ret_found);
/* Pay orders by their ids, in no particular order. */
MUST_USE SUSPENDS struct status pay_order_repo_find_many(struct db_tx *tx, const int64_t *ids,
                                                         size_t count, struct arena *arena,
                                                         struct pay_order **ret, size_t *ret_count);

MUST_USE SUSPENDS struct status payment_repo_insert(struct db_tx *tx,
                                                    const struct payment *payment);
MUST_USE SUSPENDS struct status payment_repo_save_status(struct db_tx *tx,
                                                         const struct payment *payment);
MUST_USE SUSPENDS struct status payment_repo_find(struct db_tx *tx, int64_t payment_id,
                                                  struct arena *arena, struct payment *ret,
                                                  bool *ret_found);
/* Which orders the payment is for: their totals are its amount. At most ORDER_LINES_MAX. */
MUST_USE SUSPENDS struct status payment_repo_insert_orders(struct db_tx *tx, int64_t payment_id,
                                                           const int64_t *order_ids, size_t count,
                                                           struct arena *arena);
MUST_USE SUSPENDS struct status payment_repo_find_orders(struct db_tx *tx, int64_t payment_id,
                                                         struct arena *arena, int64_t **ret,
                                                         size_t *ret_count);

/* A payment of the pay order that is under way by this method and amount. */
MUST_USE SUSPENDS struct status payment_repo_find_pending(struct db_tx *tx, int64_t pay_order_id,
                                                          const char *method, int64_t amount_minor,
                                                          struct arena *arena, struct payment *ret,
                                                          bool *ret_found);

/* Is any payment of the pay order under way? */
MUST_USE SUSPENDS struct status payment_repo_any_pending(struct db_tx *tx, int64_t pay_order_id,
                                                         bool *ret);

struct payment_event_row {
    const char *provider;
    const char *event_id;
    int64_t payment_id;
    bool succeeded;
};

/*
 * `*ret_new` is false when the provider sent the event before; INVALID_ARGUMENT CALLBACK_INVALID
 * when that said something else.
 */
MUST_USE SUSPENDS struct status payment_event_repo_insert(struct db_tx *tx,
                                                          const struct payment_event_row *event,
                                                          bool *ret_new);

struct refund {
    int64_t refund_id;
    int64_t payment_id;
    int64_t order_id;
    int64_t pay_order_id;
    int64_t user_id;
    struct money amount;
    const char *reason;
};

/* Once for each payment and order: `*ret_new` is false when it is recorded already. */
MUST_USE SUSPENDS struct status refund_repo_insert(struct db_tx *tx, const struct refund *refund,
                                                   bool *ret_new);
