/*
 * FulfilmentService: what each method does is said in souk/order/v1/fulfilment.rpc.h.
 */
#include "souk/order/v1/fulfilment.rpc.h"

#include "base/clock.h"
#include "config.h"
#include "io/db.h"
#include "io/request.h"
#include "order_access.h"
#include "order_app.h"
#include "order_events.h"
#include "order_pb.h"
#include "patterns/idempotency.h"
#include "payment_moves.h"

static struct status ship(const struct order_app *app, struct db_tx *tx, struct request *rq,
                          const ShipOrderRequest *in, const struct purchase *purchase,
                          struct order *order)
{
    const int64_t receipt_timeout_us = app->config->receipt_timeout_s * CLOCK_US_PER_S;
    const struct shipment shipment = {
        .carrier = in->carrier,
        .tracking_no = in->tracking_no,
        .shipped_us = purchase->now_us,
        .receive_by_us = purchase->now_us + receipt_timeout_us,
    };
    struct order_changes changes;

    TRY(order_check_version(order, in->version));
    TRY(order_ship(order, &shipment, &changes));
    const char *what = arena_printf(rq->arena, "shipped by %s, %s", in->carrier, in->tracking_no);
    TRY(save_moved(app, tx, purchase, order, &changes, what, rq->caller.key));
    return order_tell_shipped(app, tx, order, rq->arena);
}

struct status fulfilment_ship_order(struct request *rq, const ShipOrderRequest *in,
                                    ShipOrderResponse *ret)
{
    const struct order_app *app = rq->service;
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct purchase purchase;
    struct order *order;
    bool replayed;

    TRY(db_tx_begin(&tx, app->db));
    TRY(idempotency_claim(&tx, rq, &in->base, &ret->base, &replayed));
    if (replayed)
        return STATUS_OK;
    TRY(order_lock_visible(&tx, rq, in->order_id, &purchase, &order));
    TRY(ship(app, &tx, rq, in, &purchase, order));
    ret->order = order_to_pb(order, rq->arena);
    TRY(idempotency_store(&tx, rq, &ret->base));
    return db_tx_commit(&tx);
}

struct status fulfilment_confirm_receipt(struct request *rq, const ConfirmReceiptRequest *in,
                                         ConfirmReceiptResponse *ret)
{
    const struct order_app *app = rq->service;
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct purchase purchase;
    struct order *order;
    bool replayed;

    TRY(db_tx_begin(&tx, app->db));
    TRY(idempotency_claim(&tx, rq, &in->base, &ret->base, &replayed));
    if (replayed)
        return STATUS_OK;
    TRY(order_lock_visible(&tx, rq, in->order_id, &purchase, &order));
    TRY(order_check_version(order, in->version));
    TRY(complete_received(app, &tx, &purchase, order, "received", rq->caller.key));
    ret->order = order_to_pb(order, rq->arena);
    TRY(idempotency_store(&tx, rq, &ret->base));
    return db_tx_commit(&tx);
}
