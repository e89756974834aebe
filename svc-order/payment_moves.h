#pragma once

/*
 * payment_moves: transactions in which money meets orders, shared by handlers, sagas and the
 * timeout. All of them lock the pay order first, then its orders by rising id.
 */

#include <stdbool.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "order_app.h"
#include "pay_order.h"
#include "pay_order_repo.h"

struct db_tx;

/* A pay order with its orders, locked. */
struct purchase {
    struct pay_order pay_order;
    struct order *orders;
    size_t order_count;
    int64_t now_us; /* the database's, read under the locks */
};

/* `*ret_found` is false when there is none. */
MUST_USE SUSPENDS struct status purchase_lock(struct db_tx *tx, int64_t pay_order_id,
                                              struct arena *arena, struct purchase *ret,
                                              bool *ret_found);

/* The order of the purchase; a bug when it is none of its. */
struct order *purchase_order(struct purchase *purchase, int64_t order_id);

/* Saves a moved order of the purchase and its history. */
MUST_USE SUSPENDS struct status save_moved(const struct order_app *app, struct db_tx *tx,
                                           const struct purchase *purchase, struct order *order,
                                           const struct order_changes *changes, const char *reason,
                                           const char *by);

/*
 * Cancels an order that waits for its payment: stock and, with the last order, quote are given back
 * by a saga of its own. FAILED_PRECONDITION ILLEGAL_TRANSITION.
 */
MUST_USE SUSPENDS struct status purchase_cancel(const struct order_app *app, struct db_tx *tx,
                                                struct purchase *purchase, struct order *order,
                                                const char *reason, const char *by);

/* As above, of one whose time to be paid is over. */
MUST_USE SUSPENDS struct status purchase_time_out(const struct order_app *app, struct db_tx *tx,
                                                  struct purchase *purchase, struct order *order);

/*
 * The provider has the customer's money: orders that wait for it, and whose time is not over, are
 * paid and settled by a saga each; what came for others goes back. `payment` is saved.
 */
MUST_USE SUSPENDS struct status purchase_pay(const struct order_app *app, struct db_tx *tx,
                                             struct purchase *purchase,
                                             const struct payment *payment, struct arena *arena);
/* It came to nothing; unless another one is under way, the orders' payment failed. */
MUST_USE SUSPENDS struct status purchase_fail(const struct order_app *app, struct db_tx *tx,
                                              struct purchase *purchase,
                                              const struct payment *payment, struct arena *arena);

/* What was shipped has arrived: FAILED_PRECONDITION ILLEGAL_TRANSITION where it is not under way. */
MUST_USE SUSPENDS struct status complete_received(const struct order_app *app, struct db_tx *tx,
                                                  const struct purchase *purchase,
                                                  struct order *order, const char *reason,
                                                  const char *by);

/*
 * Money to be paid back, once for each payment and order. It raises the pay order's version, which
 * the caller saves.
 */
MUST_USE SUSPENDS struct status record_refund(const struct order_app *app, struct db_tx *tx,
                                              struct purchase *purchase, int64_t payment_id,
                                              const struct order *order, const char *reason,
                                              struct arena *arena);
