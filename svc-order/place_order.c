#include "place_order.h"

#include <stdio.h>
#include <string.h>

#include "app/service.h"
#include "base/backoff.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/random.h"
#include "io/db.h"
#include "patterns/idempotency.h"
#include "patterns/ids.h"
#include "patterns/saga.h"
#include "run/task.h"

enum {
    DUPLICATE_WAITS_US = 500 * 1000,
    POLL_FIRST_US = 50 * 1000,
    POLL_MOST_US = 200 * 1000,
    ANSWER_MARGIN_US = 200 * 1000,
    ASK_AGAIN_MS = 500,
};

static struct status duplicate_line(const PlaceOrderRequest *in)
{
    for (size_t i = 0; i < in->n_lines; i++)
        for (size_t k = 0; k < i; k++)
            if (in->lines[i]->sku_id == in->lines[k]->sku_id)
                return status_error(CODE_INVALID_ARGUMENT, REASON_DUPLICATE_LINE,
                                    "SKU %lld is in two lines", (long long)in->lines[i]->sku_id);
    return STATUS_OK;
}

static struct status empty_address_line(struct request *rq, const Address *address)
{
    char field[48];

    for (size_t i = 0; address && i < address->n_address_lines; i++) {
        if (*address->address_lines[i])
            continue;
        snprintf(field, sizeof field, "address.address_lines[%zu]", i);
        error_details_field(&rq->details, rq->arena, field, "must not be empty");
        return status_error(CODE_INVALID_ARGUMENT, "INVALID_FIELD", "%s must not be empty", field);
    }
    return STATUS_OK;
}

/* What the saga found to be wrong with the request. */
static const char *blamed_field(const struct status *st)
{
    if (status_is(st, REASON_QUOTE_INVALID))
        return "quote_token";
    return status_is(st, REASON_ADDRESS_MISSING) ? "address" : "lines";
}

/* An id that the customer brings must be one that was made for it: it names the shard. */
static struct status pay_order_id_for(const struct order_app *app, struct request *rq,
                                      const PlaceOrderRequest *in, int64_t *ret)
{
    if (!in->pay_order_id)
        return ids_next_for_user(app->ids, rq->caller.user_id, ret);
    if (id_shard(in->pay_order_id) != id_shard_of_user(rq->caller.user_id)) {
        error_details_field(&rq->details, rq->arena, "pay_order_id", "is none of NewOrderToken's");
        return status_error(CODE_INVALID_ARGUMENT, "INVALID_FIELD",
                            "pay_order_id was not made for this customer");
    }
    *ret = in->pay_order_id;
    return STATUS_OK;
}

static struct status make_state(const struct order_app *app, struct request *rq,
                                const PlaceOrderRequest *in, PlaceOrderState *ret)
{
    place_order_state_init(ret);
    ret->request = (PlaceOrderRequest *)(uintptr_t)in;
    ret->user_id = rq->caller.user_id;
    ret->caller = rq->caller.key;
    ret->n_order_ids = in->n_lines;
    ret->order_ids = arena_array_of(rq->arena, int64_t, in->n_lines);
    for (size_t i = 0; i < in->n_lines; i++)
        TRY(ids_next_for_user(app->ids, rq->caller.user_id, &ret->order_ids[i]));
    return pay_order_id_for(app, rq, in, &ret->pay_order_id);
}

/* Claims the request and writes its saga, or finds the answer of before. */
static struct status begin(const struct order_app *app, struct request *rq,
                           const PlaceOrderRequest *in, PlaceOrderResponse *ret,
                           PlaceOrderState *ret_state, int64_t *ret_saga_id)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    bool replayed;

    *ret_saga_id = 0;
    TRY(db_tx_begin(&tx, app->db));
    TRY(idempotency_claim(&tx, rq, &in->base, &ret->base, &replayed));
    if (replayed)
        return STATUS_OK;
    TRY(make_state(app, rq, in, ret_state));
    TRY(ids_next(app->ids, ret_saga_id));
    TRY(saga_insert(service_sagas(app->service), &tx, &place_order_saga, *ret_saga_id,
                    &ret_state->base, rq));
    return db_tx_commit(&tx);
}

/*
 * The same request is under way, here or in another process: its answer is worth waiting for, but
 * not for long. Who waits keeps a place at the gate, and a customer who repeats would take them all.
 */
static struct status begin_or_wait(const struct order_app *app, struct request *rq,
                                   const PlaceOrderRequest *in, PlaceOrderResponse *ret,
                                   PlaceOrderState *ret_state, int64_t *ret_saga_id)
{
    const int64_t until_us = clock_mono_us() + DUPLICATE_WAITS_US;
    struct backoff pause = backoff_between(POLL_FIRST_US, POLL_MOST_US);

    for (;;) {
        const struct status st = begin(app, rq, in, ret, ret_state, ret_saga_id);
        if (!status_is(&st, "REQUEST_IN_PROGRESS"))
            return st;
        if (clock_mono_us() >= until_us || task_time_left_us() < ANSWER_MARGIN_US) {
            rq->details.retry_after_ms = ASK_AGAIN_MS;
            return st;
        }
        TRY(task_sleep_us(backoff_next_us(&pause, random_u64())));
    }
}

static struct status read_answer(const struct order_app *app, struct request *rq,
                                 const PlaceOrderRequest *in, PlaceOrderResponse *ret)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_read_begin(&tx, app->db));
    return idempotency_find(&tx, rq, &in->base, &ret->base);
}

struct status place_order_run(const struct order_app *app, struct request *rq,
                              const PlaceOrderRequest *in, PlaceOrderResponse *ret)
{
    PlaceOrderState state;
    struct pb_bytes answer;
    int64_t saga_id;

    TRY(request_blame(rq, "lines", duplicate_line(in)));
    TRY(empty_address_line(rq, in->address));
    TRY(begin_or_wait(app, rq, in, ret, &state, &saga_id));
    if (!saga_id)
        return STATUS_OK;
    const struct status st = saga_run_and_wait(service_sagas(app->service), &place_order_saga,
                                               saga_id, &state.base, rq->arena, &answer,
                                               &rq->details);
    TRY(request_blame(rq, blamed_field(&st), st));
    if (answer.size)
        return idempotency_unpack(rq, answer, &ret->base);
    return read_answer(app, rq, in, ret);
}

struct status place_order_answer(struct db_tx *tx, const PlaceOrderState *state,
                                 const struct pay_order *pay_order, const struct order *orders,
                                 size_t count, struct arena *arena, struct pb_bytes *ret)
{
    PlaceOrderResponse answer;
    struct money total;

    TRY(pay_order_total(pay_order, orders, count, &total));
    place_order_response_init(&answer);
    answer.n_orders = count;
    answer.orders = orders_to_pb(orders, count, arena);
    answer.pay_order = pay_order_to_pb(pay_order, total, orders, count, arena);
    *ret = pb_pack(&answer.base, arena);
    return idempotency_store_for(tx, state->caller, &order_place_order_method,
                                 state->request->request_id, *ret);
}

struct status place_order_forget(struct db_tx *tx, const PlaceOrderState *state)
{
    return idempotency_forget(tx, state->caller, &order_place_order_method,
                              state->request->request_id);
}
