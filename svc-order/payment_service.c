/*
 * PaymentService: what each method does is said in souk/order/v1/payment.rpc.h.
 */
#include <inttypes.h>
#include <string.h>

#include "app/service.h"
#include "base/clock.h"
#include "callback.h"
#include "config.h"
#include "io/db.h"
#include "io/request.h"
#include "order_app.h"
#include "order_pb.h"
#include "patterns/idempotency.h"
#include "patterns/ids.h"
#include "patterns/saga.h"
#include "payment_moves.h"
#include "signature.h"
#include "souk/order/v1/payment.rpc.h"

#define PROVIDER "sandbox"

static struct status invalid(struct request *rq, const char *field, const char *reason,
                             const char *why)
{
    return request_blame(rq, field, status_error(CODE_INVALID_ARGUMENT, reason, "%s", why));
}

static struct status check_request(struct request *rq, const StartPaymentRequest *in)
{
    if (strcmp(in->method, "card") != 0 && strcmp(in->method, "wallet") != 0)
        return invalid(rq, "method", REASON_METHOD_UNKNOWN, "method must be card or wallet");
    if (*in->coupon_code)
        return invalid(rq, "coupon_code", REASON_COUPON_UNKNOWN, "there is no such coupon");
    if (in->coins)
        return invalid(rq, "coins", REASON_COINS_UNKNOWN, "there are no coins");
    return STATUS_OK;
}

static struct status pay_order_unknown(int64_t pay_order_id)
{
    return status_error(CODE_NOT_FOUND, REASON_PAY_ORDER_UNKNOWN, "there is no pay order %" PRId64,
                        pay_order_id);
}

/* The provider shows the customer what we signed, not what the customer says. */
static char *payment_url(const struct order_app *app, const struct payment *payment,
                         struct arena *arena)
{
    const char *id = arena_printf(arena, "%" PRId64, payment->payment_id);
    const char *amount =
        arena_printf(arena, "%s.%" PRId64, payment->amount.currency, payment->amount.minor);
    char signature[SIGNATURE_LENGTH + 1];

    signature_make(app->config->payment_secret_file, SIGNATURE_OF_ADDRESS, id, amount,
                   strlen(amount), signature);
    return arena_printf(arena, "%s/pay?payment_id=%s&currency=%s&minor=%" PRId64 "&signature=%s",
                        app->config->payment_url, id, payment->amount.currency,
                        payment->amount.minor, signature);
}

static struct status insert_payment(const struct order_app *app, struct db_tx *tx,
                                    const struct purchase *purchase, struct arena *arena,
                                    struct payment *payment)
{
    int64_t *order_ids = arena_array_of(arena, int64_t, purchase->order_count);
    size_t count = 0;

    for (size_t i = 0; i < purchase->order_count; i++)
        if (purchase->orders[i].status == ORDER_PENDING_PAYMENT)
            order_ids[count++] = purchase->orders[i].order_id;
    TRY(ids_next_for_user(app->ids, payment->user_id, &payment->payment_id));
    TRY(payment_repo_insert(tx, payment));
    return payment_repo_insert_orders(tx, payment->payment_id, order_ids, count, arena);
}

static struct status start_orders(const struct order_app *app, struct db_tx *tx,
                                  struct purchase *purchase, const char *by)
{
    for (size_t i = 0; i < purchase->order_count; i++) {
        struct order *order = &purchase->orders[i];
        struct order_changes changes;
        if (order->status != ORDER_PENDING_PAYMENT)
            continue;
        TRY(order_start_payment(order, &changes));
        TRY(save_moved(app, tx, purchase, order, &changes, "payment started", by));
    }
    return STATUS_OK;
}

/* A payment of the same amount that is under way is the same payment. */
static struct status start(const struct order_app *app, struct db_tx *tx, struct request *rq,
                           const StartPaymentRequest *in, struct payment *ret)
{
    struct purchase purchase;
    struct money total;
    bool found;

    TRY(purchase_lock(tx, in->pay_order_id, rq->arena, &purchase, &found));
    if (!found || purchase.pay_order.user_id != rq->caller.user_id)
        return pay_order_unknown(in->pay_order_id);
    TRY(pay_order_start(&purchase.pay_order, purchase.now_us));
    TRY(pay_order_total(&purchase.pay_order, purchase.orders, purchase.order_count, &total));
    TRY(payment_repo_find_pending(tx, in->pay_order_id, in->method, total.minor, rq->arena, ret,
                                  &found));
    if (!found) {
        *ret = (struct payment){
            .pay_order_id = in->pay_order_id,
            .user_id = rq->caller.user_id,
            .provider = PROVIDER,
            .method = in->method,
            .status = PAYMENT_PENDING,
            .amount = total,
            .created_us = purchase.now_us,
            .updated_us = purchase.now_us,
        };
        TRY(insert_payment(app, tx, &purchase, rq->arena, ret));
    }
    TRY(start_orders(app, tx, &purchase, rq->caller.key));
    return pay_order_repo_save(tx, &purchase.pay_order);
}

struct status payment_start_payment(struct request *rq, const StartPaymentRequest *in,
                                    StartPaymentResponse *ret)
{
    const struct order_app *app = rq->service;
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct payment payment;
    bool replayed;

    TRY(check_request(rq, in));
    TRY(db_tx_begin(&tx, app->db));
    TRY(idempotency_claim(&tx, rq, &in->base, &ret->base, &replayed));
    if (replayed)
        return STATUS_OK;
    TRY(start(app, &tx, rq, in, &payment));
    ret->payment = payment_to_pb(&payment, rq->arena);
    ret->payment_url = payment_url(app, &payment, rq->arena);
    TRY(idempotency_store(&tx, rq, &ret->base));
    return db_tx_commit(&tx);
}

static struct status payment_unknown(int64_t payment_id)
{
    return status_error(CODE_NOT_FOUND, REASON_PAYMENT_UNKNOWN, "there is no payment %" PRId64,
                        payment_id);
}

struct status payment_get_payment(struct request *rq, const GetPaymentRequest *in,
                                  GetPaymentResponse *ret)
{
    const struct order_app *app = rq->service;
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct payment payment;
    bool found;

    TRY(db_read_begin(&tx, app->db));
    TRY(payment_repo_find(&tx, in->payment_id, rq->arena, &payment, &found));
    if (!found || (rq->caller.role != ROLE_OPERATOR && payment.user_id != rq->caller.user_id))
        return payment_unknown(in->payment_id);
    ret->payment = payment_to_pb(&payment, rq->arena);
    return STATUS_OK;
}

static struct status read_callback(const struct order_app *app, const struct request *rq,
                                   const HandlePaymentCallbackRequest *in, struct callback *ret)
{
    const struct callback_envelope envelope = {
        .timestamp = request_header(rq, "x-souk-timestamp"),
        .signature = request_header(rq, "x-souk-signature"),
        .body = in->body->data.data,
        .body_size = in->body->data.len,
    };

    if (strcmp(in->provider, PROVIDER) != 0)
        return status_error(CODE_NOT_FOUND, REASON_PROVIDER_UNKNOWN, "there is no provider %.20s",
                            in->provider);
    TRY(callback_verify(&envelope, app->config->payment_secret_file, rq->now_us / CLOCK_US_PER_S));
    return callback_read(&envelope, rq->arena, ret);
}

static struct status check_amount(const struct callback *callback, const struct payment *payment)
{
    if (money_equal(callback->amount, payment->amount))
        return STATUS_OK;
    return status_error(CODE_FAILED_PRECONDITION, REASON_AMOUNT_MISMATCH,
                        "the payment is of %s %" PRId64 ", not %s %" PRId64,
                        payment->amount.currency, payment->amount.minor, callback->amount.currency,
                        callback->amount.minor);
}

/* Under the lock of the pay order, so the payment cannot change any more. */
static struct status lock_payment(struct db_tx *tx, const struct callback *callback,
                                  struct arena *arena, struct payment *ret_payment,
                                  struct purchase *ret_purchase)
{
    bool found;

    TRY(payment_repo_find(tx, callback->payment_id, arena, ret_payment, &found));
    if (!found)
        return payment_unknown(callback->payment_id);
    TRY(purchase_lock(tx, ret_payment->pay_order_id, arena, ret_purchase, &found));
    if (found)
        TRY(payment_repo_find(tx, callback->payment_id, arena, ret_payment, &found));
    return found ? STATUS_OK : payment_unknown(callback->payment_id);
}

static struct status apply(const struct order_app *app, struct db_tx *tx,
                           const struct callback *callback, struct arena *arena)
{
    struct purchase purchase;
    struct payment payment;
    bool news;

    TRY(lock_payment(tx, callback, arena, &payment, &purchase));
    TRY(check_amount(callback, &payment));
    if (callback->succeeded)
        TRY(payment_succeed(&payment, &news));
    else
        TRY(payment_fail(&payment, &news));
    if (!news)
        return STATUS_OK;
    TRY(payment_repo_save_status(tx, &payment));
    return callback->succeeded ? purchase_pay(app, tx, &purchase, &payment, arena)
                               : purchase_fail(app, tx, &purchase, &payment, arena);
}

struct status payment_handle_payment_callback(struct request *rq,
                                              const HandlePaymentCallbackRequest *in,
                                              HandlePaymentCallbackResponse *ret)
{
    const struct order_app *app = rq->service;
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct callback callback;
    bool is_new;
    (void)ret;

    TRY(read_callback(app, rq, in, &callback));
    const struct payment_event_row event = {
        .provider = PROVIDER,
        .event_id = callback.event_id,
        .payment_id = callback.payment_id,
        .succeeded = callback.succeeded,
    };
    TRY(db_tx_begin(&tx, app->db));
    TRY(payment_event_repo_insert(&tx, &event, &is_new));
    if (!is_new)
        return STATUS_OK;
    TRY(apply(app, &tx, &callback, rq->arena));
    TRY(db_tx_commit(&tx));
    saga_nudge(service_sagas(app->service));
    return STATUS_OK;
}
