#pragma once

/*
 * order_events: what happened to orders and payments, as rows of the outbox.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "order.h"
#include "order_app.h"
#include "pay_order.h"
#include "pay_order_repo.h"

struct db_tx;

MUST_USE SUSPENDS struct status order_tell_created(const struct order_app *app, struct db_tx *tx,
                                                   const struct order *orders, size_t count,
                                                   struct arena *arena);
MUST_USE SUSPENDS struct status order_tell_paid(const struct order_app *app, struct db_tx *tx,
                                                const struct order *order, struct arena *arena);
MUST_USE SUSPENDS struct status order_tell_cancelled(const struct order_app *app, struct db_tx *tx,
                                                     const struct order *order);
MUST_USE SUSPENDS struct status order_tell_shipped(const struct order_app *app, struct db_tx *tx,
                                                   const struct order *order, struct arena *arena);
/* order.fulfilled, and order.completed when it is: then the former has the version before. */
MUST_USE SUSPENDS struct status order_tell_fulfilled(const struct order_app *app, struct db_tx *tx,
                                                     const struct order *order);
/* `version` is the pay order's, another one for each event of it. */
MUST_USE SUSPENDS struct status order_tell_refund(const struct order_app *app, struct db_tx *tx,
                                                  const struct refund *refund, int64_t version,
                                                  struct arena *arena);
/* payment.succeeded or payment.failed, by its status. */
MUST_USE SUSPENDS struct status order_tell_payment(const struct order_app *app, struct db_tx *tx,
                                                   const struct payment *payment, int64_t version,
                                                   struct arena *arena);
