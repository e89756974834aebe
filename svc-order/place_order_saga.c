/*
 * Placing an order: goods as they are now, the quote taken, stock held, then the pivot: orders, pay
 * order and events in one transaction. Source: DESIGN 4; 003 (creation pipeline).
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "config.h"
#include "io/db.h"
#include "io/pb.h"
#include "io/rpc_client.h"
#include "order_app.h"
#include "order_events.h"
#include "order_pb.h"
#include "order_plan.h"
#include "order_repo.h"
#include "patterns/ids.h"
#include "patterns/saga.h"
#include "pay_order_repo.h"
#include "place_order.h"
#include "souk/cart/v1/cart.client.h"
#include "souk/inventory/v1/inventory.client.h"
#include "souk/listing/v1/catalog.client.h"
#include "souk/pricing/v1/pricing.client.h"

static PlaceOrderState *state_of(struct saga *saga)
{
    return (PlaceOrderState *)saga->state;
}

static char *step_id(const struct saga *saga)
{
    return (char *)(uintptr_t)saga_step_id(saga);
}

/*
 * What a peer refused, with its facts, becomes our own refusal. A try of the same call that got lost
 * before may still arrive, so the step is undone all the same.
 */
static struct status pass_on(struct saga *saga, const struct rpc_call *call, struct status st)
{
    if (!status_ok(&st))
        saga->details = call->details;
    saga->partial |= call->may_arrive;
    return st;
}

/* Step: what the goods are, and whether they can be sold. */

static void name_skus(struct saga *saga, const BatchEnsureSnapshotsResponse *answer,
                      UnsellableReason reason)
{
    char text[256] = "";
    size_t length = 0;

    for (size_t i = 0; i < answer->n_unsellable && length < sizeof text - 24; i++) {
        if (reason && answer->unsellable[i]->reason != reason)
            continue;
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%" PRId64,
                                   length ? "," : "", answer->unsellable[i]->sku_id);
    }
    error_details_add(&saga->details, saga->arena, "sku_ids", "%s", text);
}

/* As svc-inventory would say it, had it been asked. */
static struct status refuse_sold_out(struct saga *saga, const PlaceOrderRequest *request,
                                     int64_t sku_id)
{
    int64_t wanted = 0;

    for (size_t i = 0; i < request->n_lines; i++)
        if (request->lines[i]->sku_id == sku_id)
            wanted = request->lines[i]->quantity;
    error_details_add(&saga->details, saga->arena, "sku", "%" PRId64, sku_id);
    error_details_add(&saga->details, saga->arena, "wanted", "%" PRId64, wanted);
    error_details_add(&saga->details, saga->arena, "free", "0");
    return status_error(CODE_FAILED_PRECONDITION, REASON_SOLD_OUT, "SKU %" PRId64 " is sold out",
                        sku_id);
}

/* What is sold out may come back: it is named only where nothing else is wrong. */
static bool are_sold_out(const BatchEnsureSnapshotsResponse *answer)
{
    for (size_t i = 0; i < answer->n_unsellable; i++)
        if (answer->unsellable[i]->reason != UNSELLABLE_REASON_OUT_OF_STOCK)
            return false;
    return true;
}

static struct status refuse_unsellable(struct saga *saga,
                                       const BatchEnsureSnapshotsResponse *answer)
{
    for (size_t i = 0; i < answer->n_unsellable; i++) {
        if (answer->unsellable[i]->reason != UNSELLABLE_REASON_OTHER_ITEM)
            continue;
        name_skus(saga, answer, UNSELLABLE_REASON_OTHER_ITEM);
        return status_error(CODE_INVALID_ARGUMENT, REASON_SKU_OF_ANOTHER_ITEM,
                            "SKU %" PRId64 " does not belong to item %" PRId64,
                            answer->unsellable[i]->sku_id, answer->unsellable[i]->item_id);
    }
    name_skus(saga, answer, UNSELLABLE_REASON_UNSPECIFIED);
    return status_error(CODE_FAILED_PRECONDITION, REASON_NOT_SELLABLE,
                        "%zu of the goods are not on sale", answer->n_unsellable);
}

static struct status snapshot_goods(struct saga *saga)
{
    const struct order_app *app = saga->app;
    PlaceOrderState *state = state_of(saga);
    const PlaceOrderRequest *request = state->request;
    struct rpc_call call = {.arena = saga->arena};
    BatchEnsureSnapshotsRequest ask;
    BatchEnsureSnapshotsResponse *answer;

    batch_ensure_snapshots_request_init(&ask);
    ask.request_id = step_id(saga);
    ask.n_skus = request->n_lines;
    ask.skus = arena_array_of(saga->arena, SkuRef *, request->n_lines);
    for (size_t i = 0; i < request->n_lines; i++) {
        ask.skus[i] = arena_new_of(saga->arena, SkuRef);
        sku_ref_init(ask.skus[i]);
        ask.skus[i]->item_id = request->lines[i]->item_id;
        ask.skus[i]->sku_id = request->lines[i]->sku_id;
    }
    TRY(pass_on(saga, &call,
                catalog_client_batch_ensure_snapshots(app->listing, &call, &ask, &answer)));
    if (answer->n_unsellable && are_sold_out(answer))
        return refuse_sold_out(saga, request, answer->unsellable[0]->sku_id);
    if (answer->n_unsellable)
        return refuse_unsellable(saga, answer);
    if (answer->n_snapshots != request->n_lines)
        return status_error(CODE_INTERNAL, "INTERNAL", "%zu snapshots for %zu lines",
                            answer->n_snapshots, request->n_lines);
    state->n_snapshots = answer->n_snapshots;
    state->snapshots = answer->snapshots;
    return STATUS_OK;
}

/*
 * Step: what it costs. The redemption is named by the saga: another attempt is another redemption.
 */

static struct status pay_order_id_used(int64_t pay_order_id)
{
    return status_error(CODE_ALREADY_EXISTS, REASON_PAY_ORDER_ID_USED,
                        "pay order %" PRId64 " was placed before", pay_order_id);
}

static struct status redeem_quote(struct saga *saga)
{
    const struct order_app *app = saga->app;
    PlaceOrderState *state = state_of(saga);
    struct rpc_call call = {.arena = saga->arena};
    RedeemQuoteRequest ask;
    RedeemQuoteResponse *answer;

    redeem_quote_request_init(&ask);
    ask.request_id = step_id(saga);
    ask.redemption_id = saga->id;
    ask.pay_order_id = state->pay_order_id;
    ask.user_id = state->user_id;
    ask.quote_token = state->request->quote_token;
    const struct status st =
        pass_on(saga, &call, pricing_client_redeem_quote(app->pricing, &call, &ask, &answer));
    if (status_is(&st, REASON_PAY_ORDER_REDEEMED))
        return pay_order_id_used(state->pay_order_id);
    TRY(st);
    state->quote = answer->quote;
    return STATUS_OK;
}

static struct status cancel_redemption(struct saga *saga)
{
    const struct order_app *app = saga->app;
    struct rpc_call call = {.arena = saga->arena};
    CancelRedemptionRequest ask;
    CancelRedemptionResponse *answer;

    cancel_redemption_request_init(&ask);
    ask.request_id = step_id(saga);
    ask.redemption_id = saga->id;
    return pricing_client_cancel_redemption(app->pricing, &call, &ask, &answer);
}

/* Step: the orders as they will be. Nothing outside of the saga changes. */

static struct status plan(struct saga *saga, struct order **ret_orders, size_t *ret_count)
{
    struct plan_input input;

    TRY(plan_from_state(state_of(saga), saga->arena, &input));
    return order_plan(&input, saga->arena, ret_orders, ret_count);
}

static struct status check_plan(struct saga *saga)
{
    struct order *orders;
    size_t count;

    return plan(saga, &orders, &count);
}

/* Step: the stock. A hold for each order, under the order's own id. */

static struct status reserve_one(struct saga *saga, const struct order *order)
{
    const struct order_app *app = saga->app;
    struct rpc_call call = {.arena = saga->arena};
    ReserveStockRequest ask;
    ReserveStockResponse *answer;

    reserve_stock_request_init(&ask);
    ask.request_id = step_id(saga);
    ask.reservation_id = order->order_id;
    ask.order_id = order->order_id;
    ask.hold_ttl_s = (int32_t)(app->config->payment_timeout_s + HOLD_LONGER_S);
    ask.n_lines = order->line_count;
    ask.lines = arena_array_of(saga->arena, ReservationLine *, order->line_count);
    for (size_t i = 0; i < order->line_count; i++) {
        ask.lines[i] = arena_new_of(saga->arena, ReservationLine);
        reservation_line_init(ask.lines[i]);
        ask.lines[i]->sku_id = order->lines[i].sku_id;
        ask.lines[i]->quantity = order->lines[i].quantity;
    }
    return pass_on(saga, &call,
                   inventory_client_reserve_stock(app->inventory, &call, &ask, &answer));
}

static struct status reserve_stock(struct saga *saga)
{
    struct order *orders;
    size_t count;

    TRY(plan(saga, &orders, &count));
    for (size_t i = 0; i < count; i++) {
        const struct status st = reserve_one(saga, &orders[i]);
        saga->partial |= i > 0; /* those before it are held */
        TRY(st);
    }
    return STATUS_OK;
}

static struct status release_one(struct saga *saga, int64_t order_id)
{
    const struct order_app *app = saga->app;
    struct rpc_call call = {.arena = saga->arena};
    ReleaseReservationRequest ask;
    ReleaseReservationResponse *answer;

    release_reservation_request_init(&ask);
    ask.request_id = step_id(saga);
    ask.reservation_id = order_id;
    return inventory_client_release_reservation(app->inventory, &call, &ask, &answer);
}

/*
 * A saga resumed while it is undone knows no plan: then every id that may have been used is
 * released.
 */
static size_t orders_that_may_hold(struct saga *saga)
{
    const PlaceOrderState *state = state_of(saga);
    struct order *orders;
    size_t count;

    if (!state->quote || !state->n_snapshots)
        return state->n_order_ids;
    const struct status st = plan(saga, &orders, &count);
    return status_ok(&st) ? count : 0;
}

static struct status release_stock(struct saga *saga)
{
    const size_t count = orders_that_may_hold(saga);

    for (size_t i = 0; i < count; i++)
        TRY(release_one(saga, state_of(saga)->order_ids[i]));
    return STATUS_OK;
}

/* The pivot. */

static struct status finish_orders(const struct order_app *app, struct order *orders, size_t count,
                                   int64_t now_us, struct order_changes *changes)
{
    for (size_t i = 0; i < count; i++) {
        TRY(ids_next_order_no(app->ids, orders[i].user_id, orders[i].order_no));
        orders[i].pay_by_us = now_us + app->config->payment_timeout_s * CLOCK_US_PER_S;
        orders[i].created_us = now_us;
        orders[i].updated_us = now_us;
        TRY(order_submit(&orders[i], &changes[i]));
    }
    return STATUS_OK;
}

static struct status insert_pay_order(struct db_tx *tx, const struct saga *saga,
                                      const struct order *first, struct pay_order *ret)
{
    *ret = (struct pay_order){
        .pay_order_id = first->pay_order_id,
        .user_id = first->user_id,
        .status = PAYMENT_UNPAID,
        .redemption_id = saga->id,
        .pay_by_us = first->pay_by_us,
        .version = 1,
    };
    memcpy(ret->currency, first->total.currency, sizeof ret->currency);
    const struct status st = pay_order_repo_insert(tx, ret);
    if (status_is(&st, "DUPLICATE_KEY"))
        return pay_order_id_used(ret->pay_order_id);
    return st;
}

static struct status save_orders(struct saga *saga)
{
    const struct order_app *app = saga->app;
    const PlaceOrderState *state = state_of(saga);
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct order *orders;
    struct pay_order pay_order;
    size_t count;
    int64_t now_us;

    TRY(plan(saga, &orders, &count));
    struct order_changes *changes = arena_array_of(saga->arena, struct order_changes, count);
    TRY(db_tx_begin(&tx, app->db));
    TRY(saga_pass_pivot(saga, &tx));
    TRY(db_now(&tx, &now_us));
    TRY(finish_orders(app, orders, count, now_us, changes));
    TRY(insert_pay_order(&tx, saga, &orders[0], &pay_order));
    TRY(order_repo_insert(&tx, orders, count, saga->arena));
    for (size_t i = 0; i < count; i++)
        TRY(order_repo_insert_changes(&tx, app->ids, &orders[i], &changes[i], "placed",
                                      state->caller));
    TRY(order_tell_created(app, &tx, orders, count, saga->arena));
    TRY(place_order_answer(&tx, state, &pay_order, orders, count, saga->arena, &saga->answer));
    return db_tx_commit(&tx);
}

/* Behind the pivot: what was bought leaves the cart. */

static struct status clear_cart(struct saga *saga)
{
    const struct order_app *app = saga->app;
    const PlaceOrderState *state = state_of(saga);
    struct rpc_call call = {.arena = saga->arena};
    ClearCartRequest ask;
    ClearCartResponse *answer;

    clear_cart_request_init(&ask);
    ask.request_id = step_id(saga);
    ask.user_id = state->user_id;
    ask.n_sku_ids = state->request->n_lines;
    ask.sku_ids = arena_array_of(saga->arena, int64_t, ask.n_sku_ids);
    for (size_t i = 0; i < ask.n_sku_ids; i++)
        ask.sku_ids[i] = state->request->lines[i]->sku_id;
    return cart_client_clear_cart(app->cart, &call, &ask, &answer);
}

static struct status undone(struct saga *saga, struct db_tx *tx, const struct status *why)
{
    (void)why;
    return place_order_forget(tx, state_of(saga));
}

static const struct saga_step steps[] = {
    {"snapshot_goods", snapshot_goods, NULL}, {"redeem_quote", redeem_quote, cancel_redemption},
    {"check_plan", check_plan, NULL},         {"reserve_stock", reserve_stock, release_stock},
    {"save_orders", save_orders, NULL},       {"clear_cart", clear_cart, NULL},
};

const struct saga_kind place_order_saga = {
    .name = "place_order",
    .state = &souk__order__v1__place_order_state__descriptor,
    .steps = steps,
    .step_count = ARRAY_LEN(steps),
    .pivot = 4,
    .deadline_ms = 15 * 1000,
    .undone = undone,
};
