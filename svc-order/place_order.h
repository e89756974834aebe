#pragma once

/*
 * place_order: the request behind a PlaceOrder saga. It is claimed when the saga is inserted,
 * answered in the pivot's transaction, and forgotten when the saga was undone, so that it may be
 * tried again.
 */

#include <stddef.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "io/pb.h"
#include "io/request.h"
#include "order_app.h"
#include "order_pb.h"

struct db_tx;

/*
 * Runs a request to its answer: a new one, or one that was answered before. One that is under way is
 * waited for half a second: ABORTED REQUEST_IN_PROGRESS, and `rq->details` say when to come back.
 */
MUST_USE SUSPENDS struct status place_order_run(const struct order_app *app, struct request *rq,
                                                const PlaceOrderRequest *in,
                                                PlaceOrderResponse *ret);

/* `*ret` is the answer as it is stored. */
MUST_USE SUSPENDS struct status place_order_answer(struct db_tx *tx, const PlaceOrderState *state,
                                                   const struct pay_order *pay_order,
                                                   const struct order *orders, size_t count,
                                                   struct arena *arena, struct pb_bytes *ret);
MUST_USE SUSPENDS struct status place_order_forget(struct db_tx *tx, const PlaceOrderState *state);
