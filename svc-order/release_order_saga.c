/*
 * After a cancellation: the stock is free again, and with the last order of a pay order its quote
 * is given back.
 */
#include "io/rpc_client.h"
#include "order_app.h"
#include "patterns/saga.h"
#include "souk/inventory/v1/inventory.client.h"
#include "souk/order/v1/saga.types.h"
#include "souk/pricing/v1/pricing.client.h"

static const ReleaseOrderState *state_of(const struct saga *saga)
{
    return (const ReleaseOrderState *)saga->state;
}

static struct status release_stock(struct saga *saga)
{
    const struct order_app *app = saga->app;
    struct rpc_call call = {.arena = saga->arena};
    ReleaseReservationRequest ask;
    ReleaseReservationResponse *answer;

    release_reservation_request_init(&ask);
    ask.request_id = (char *)(uintptr_t)saga_step_id(saga);
    ask.reservation_id = state_of(saga)->order_id;
    return inventory_client_release_reservation(app->inventory, &call, &ask, &answer);
}

static struct status cancel_redemption(struct saga *saga)
{
    const struct order_app *app = saga->app;
    struct rpc_call call = {.arena = saga->arena};
    CancelRedemptionRequest ask;
    CancelRedemptionResponse *answer;

    if (!state_of(saga)->redemption_id)
        return STATUS_OK;
    cancel_redemption_request_init(&ask);
    ask.request_id = (char *)(uintptr_t)saga_step_id(saga);
    ask.redemption_id = state_of(saga)->redemption_id;
    return pricing_client_cancel_redemption(app->pricing, &call, &ask, &answer);
}

static const struct saga_step steps[] = {
    {"release_stock", release_stock, NULL},
    {"cancel_redemption", cancel_redemption, NULL},
};

const struct saga_kind release_order_saga = {
    .name = "release_order",
    .state = &souk__order__v1__release_order_state__descriptor,
    .steps = steps,
    .step_count = ARRAY_LEN(steps),
    .pivot = SAGA_FORWARD_ONLY,
};
