/*
 * After the payment: the held stock becomes a sale, then the order is fulfilled. There is no way
 * back to "not paid": where the stock is gone all the same, the order is cancelled and the money is
 * recorded to go back.
 */
#include "io/db.h"
#include "io/rpc_client.h"
#include "order_app.h"
#include "order_events.h"
#include "order_repo.h"
#include "patterns/saga.h"
#include "payment_moves.h"
#include "souk/inventory/v1/inventory.client.h"
#include "souk/order/v1/saga.types.h"

static SettleOrderState *state_of(struct saga *saga)
{
    return (SettleOrderState *)saga->state;
}

/* What the answer means: the hold is gone for good, which asking again will not change. */
static bool is_gone(const struct status *st)
{
    return status_is(st, REASON_RESERVATION_EXPIRED) ||
           status_is(st, REASON_RESERVATION_RELEASED) || status_is(st, REASON_RESERVATION_UNKNOWN);
}

static struct status confirm_stock(struct saga *saga)
{
    const struct order_app *app = saga->app;
    SettleOrderState *state = state_of(saga);
    struct rpc_call call = {.arena = saga->arena};
    ConfirmReservationRequest ask;
    ConfirmReservationResponse *answer;

    confirm_reservation_request_init(&ask);
    ask.request_id = (char *)(uintptr_t)saga_step_id(saga);
    ask.reservation_id = state->order_id;
    const struct status st =
        inventory_client_confirm_reservation(app->inventory, &call, &ask, &answer);
    if (!is_gone(&st))
        return st;
    state->not_confirmable = (char *)(uintptr_t)st.reason;
    return STATUS_OK;
}

static struct status fulfil(const struct order_app *app, struct db_tx *tx,
                            const struct purchase *purchase, struct order *order)
{
    struct order_changes changes;

    TRY(order_fulfil(order, &changes));
    TRY(save_moved(app, tx, purchase, order, &changes, "stock confirmed", "service/order"));
    return order_tell_fulfilled(app, tx, order);
}

static struct status abandon(const struct order_app *app, struct db_tx *tx,
                             struct purchase *purchase, struct order *order, struct arena *arena)
{
    static const char reason[] = "the goods are gone";
    struct order_changes changes;

    TRY(order_abandon(order, reason, &changes));
    TRY(save_moved(app, tx, purchase, order, &changes, reason, "service/order"));
    TRY(order_tell_cancelled(app, tx, order));
    TRY(record_refund(app, tx, purchase, purchase->pay_order.paid_by, order, reason, arena));
    return pay_order_repo_save(tx, &purchase->pay_order);
}

static struct status find_pay_order_id(const struct order_app *app, int64_t order_id,
                                       struct arena *arena, int64_t *ret)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct order order;
    bool found;

    TRY(db_read_begin(&tx, app->db));
    TRY(order_repo_find(&tx, order_id, arena, &order, &found));
    if (!found)
        return status_error(CODE_INTERNAL, "INTERNAL", "there is no order %lld",
                            (long long)order_id);
    *ret = order.pay_order_id;
    return STATUS_OK;
}

/* Run again after a crash it finds the order moved on already. */
static struct status finish_order(struct saga *saga)
{
    const struct order_app *app = saga->app;
    const SettleOrderState *state = state_of(saga);
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct purchase purchase;
    int64_t pay_order_id = 0;
    bool found;

    TRY(find_pay_order_id(app, state->order_id, saga->arena, &pay_order_id));
    TRY(db_tx_begin(&tx, app->db));
    TRY(purchase_lock(&tx, pay_order_id, saga->arena, &purchase, &found));
    if (!found)
        return status_error(CODE_INTERNAL, "INTERNAL", "there is no pay order %lld",
                            (long long)pay_order_id);
    struct order *order = purchase_order(&purchase, state->order_id);
    if (order->status != ORDER_PAID)
        return STATUS_OK;
    if (*state->not_confirmable)
        TRY(abandon(app, &tx, &purchase, order, saga->arena));
    else
        TRY(fulfil(app, &tx, &purchase, order));
    return db_tx_commit(&tx);
}

static const struct saga_step steps[] = {
    {"confirm_stock", confirm_stock, NULL},
    {"finish_order", finish_order, NULL},
};

const struct saga_kind settle_order_saga = {
    .name = "settle_order",
    .state = &souk__order__v1__settle_order_state__descriptor,
    .steps = steps,
    .step_count = ARRAY_LEN(steps),
    .pivot = SAGA_FORWARD_ONLY,
};
