#include "payment_moves.h"

#include <stdio.h>

#include "app/service.h"
#include "io/db.h"
#include "order_events.h"
#include "order_repo.h"
#include "patterns/ids.h"
#include "patterns/saga.h"
#include "souk/order/v1/saga.types.h"

struct status purchase_lock(struct db_tx *tx, int64_t pay_order_id, struct arena *arena,
                            struct purchase *ret, bool *ret_found)
{
    TRY(pay_order_repo_lock(tx, pay_order_id, &ret->pay_order, ret_found));
    if (!*ret_found)
        return STATUS_OK;
    TRY(order_repo_lock_of_pay_order(tx, pay_order_id, arena, &ret->orders, &ret->order_count));
    return db_now(tx, &ret->now_us);
}

struct order *purchase_order(struct purchase *purchase, int64_t order_id)
{
    for (size_t i = 0; i < purchase->order_count; i++)
        if (purchase->orders[i].order_id == order_id)
            return &purchase->orders[i];
    BUG("order %lld is not of pay order %lld", (long long)order_id,
        (long long)purchase->pay_order.pay_order_id);
}

struct status save_moved(const struct order_app *app, struct db_tx *tx,
                         const struct purchase *purchase, struct order *order,
                         const struct order_changes *changes, const char *reason, const char *by)
{
    if (!changes->count)
        return STATUS_OK;
    order->updated_us = purchase->now_us;
    TRY(order_repo_save(tx, order));
    return order_repo_insert_changes(tx, app->ids, order, changes, reason, by);
}

static bool all_cancelled(const struct purchase *purchase)
{
    for (size_t i = 0; i < purchase->order_count; i++)
        if (purchase->orders[i].status != ORDER_CANCELLED)
            return false;
    return true;
}

static struct status start_release(const struct order_app *app, struct db_tx *tx,
                                   const struct order *order, int64_t redemption_id)
{
    ReleaseOrderState state;
    int64_t saga_id;

    release_order_state_init(&state);
    state.order_id = order->order_id;
    state.redemption_id = redemption_id;
    TRY(ids_next(app->ids, &saga_id));
    return saga_insert(service_sagas(app->service), tx, &release_order_saga, saga_id, &state.base,
                       NULL);
}

struct status purchase_cancel(const struct order_app *app, struct db_tx *tx,
                              struct purchase *purchase, struct order *order, const char *reason,
                              const char *by)
{
    struct order_changes changes;
    int64_t redemption_id = 0;

    TRY(order_cancel(order, reason, &changes));
    TRY(save_moved(app, tx, purchase, order, &changes, reason, by));
    TRY(order_tell_cancelled(app, tx, order));
    if (all_cancelled(purchase)) {
        redemption_id = purchase->pay_order.redemption_id;
        TRY(pay_order_close(&purchase->pay_order));
    } else {
        purchase->pay_order.version++; /* what is to be paid is less now */
    }
    TRY(pay_order_repo_save(tx, &purchase->pay_order));
    return start_release(app, tx, order, redemption_id);
}

struct status purchase_time_out(const struct order_app *app, struct db_tx *tx,
                                struct purchase *purchase, struct order *order)
{
    return purchase_cancel(app, tx, purchase, order, "payment timeout", "service/order");
}

struct status complete_received(const struct order_app *app, struct db_tx *tx,
                                const struct purchase *purchase, struct order *order,
                                const char *reason, const char *by)
{
    struct order_changes changes;

    TRY(order_receive(order, &changes));
    TRY(save_moved(app, tx, purchase, order, &changes, reason, by));
    return order_tell_fulfilled(app, tx, order);
}

struct status record_refund(const struct order_app *app, struct db_tx *tx,
                            struct purchase *purchase, int64_t payment_id,
                            const struct order *order, const char *reason, struct arena *arena)
{
    struct refund refund = {
        .payment_id = payment_id,
        .order_id = order->order_id,
        .pay_order_id = order->pay_order_id,
        .user_id = order->user_id,
        .amount = order->total,
        .reason = reason,
    };
    bool is_new;

    TRY(ids_next(app->ids, &refund.refund_id));
    TRY(refund_repo_insert(tx, &refund, &is_new));
    if (!is_new)
        return STATUS_OK;
    return order_tell_refund(app, tx, &refund, ++purchase->pay_order.version, arena);
}

static struct status refund_order(const struct order_app *app, struct db_tx *tx,
                                  struct purchase *purchase, struct order *order,
                                  const struct payment *payment, const char *reason,
                                  struct arena *arena)
{
    struct order_changes changes;

    TRY(order_record_refund(order, &changes));
    TRY(save_moved(app, tx, purchase, order, &changes, reason, "service/order"));
    return record_refund(app, tx, purchase, payment->payment_id, order, reason, arena);
}

static struct status start_settle(const struct order_app *app, struct db_tx *tx,
                                  const struct order *order)
{
    SettleOrderState state;
    int64_t saga_id;

    settle_order_state_init(&state);
    state.user_id = order->user_id;
    state.order_id = order->order_id;
    TRY(ids_next(app->ids, &saga_id));
    return saga_insert(service_sagas(app->service), tx, &settle_order_saga, saga_id, &state.base,
                       NULL);
}

static struct status pay_one(const struct order_app *app, struct db_tx *tx,
                             const struct purchase *purchase, struct order *order,
                             const struct payment *payment, struct arena *arena)
{
    struct order_changes changes;
    char by[40];

    snprintf(by, sizeof by, "payment/%s", payment->provider);
    TRY(order_pay(order, &changes));
    TRY(save_moved(app, tx, purchase, order, &changes, "paid", by));
    TRY(order_tell_paid(app, tx, order, arena));
    return start_settle(app, tx, order);
}

/*
 * In time or too late is decided by one clock, the database's, read under the locks. Whoever comes
 * first from pay_by on ends it: the timeout, or the money that is too late.
 */
static struct status time_out_overdue(const struct order_app *app, struct db_tx *tx,
                                      struct purchase *purchase)
{
    for (size_t i = 0; i < purchase->order_count; i++)
        if (order_is_overdue(&purchase->orders[i], purchase->now_us))
            TRY(purchase_time_out(app, tx, purchase, &purchase->orders[i]));
    return STATUS_OK;
}

/* Each event has a version of its own: readers drop what is not newer than what they saw. */
static struct status tell_payment(const struct order_app *app, struct db_tx *tx,
                                  struct purchase *purchase, const struct payment *payment,
                                  struct arena *arena)
{
    purchase->pay_order.version++;
    TRY(pay_order_repo_save(tx, &purchase->pay_order));
    return order_tell_payment(app, tx, payment, purchase->pay_order.version, arena);
}

struct status purchase_pay(const struct order_app *app, struct db_tx *tx, struct purchase *purchase,
                           const struct payment *payment, struct arena *arena)
{
    int64_t *order_ids;
    size_t count;

    TRY(time_out_overdue(app, tx, purchase));
    const enum paid_outcome outcome = pay_order_succeed(&purchase->pay_order, payment->payment_id);
    TRY(payment_repo_find_orders(tx, payment->payment_id, arena, &order_ids, &count));
    for (size_t i = 0; i < count; i++) {
        struct order *order = purchase_order(purchase, order_ids[i]);
        if (outcome == PAID_NOW && order->status == ORDER_PENDING_PAYMENT)
            TRY(pay_one(app, tx, purchase, order, payment, arena));
        else
            TRY(refund_order(app, tx, purchase, order, payment,
                             order->status == ORDER_CANCELLED ? "paid after it was cancelled"
                                                              : "paid twice",
                             arena));
    }
    return tell_payment(app, tx, purchase, payment, arena);
}

static struct status fail_purchase(const struct order_app *app, struct db_tx *tx,
                                   struct purchase *purchase)
{
    struct order_changes changes;

    TRY(pay_order_fail(&purchase->pay_order));
    for (size_t i = 0; i < purchase->order_count; i++) {
        struct order *order = &purchase->orders[i];
        if (order->status != ORDER_PENDING_PAYMENT)
            continue;
        TRY(order_fail_payment(order, &changes));
        TRY(save_moved(app, tx, purchase, order, &changes, "payment failed", "service/order"));
    }
    return STATUS_OK;
}

struct status purchase_fail(const struct order_app *app, struct db_tx *tx,
                            struct purchase *purchase, const struct payment *payment,
                            struct arena *arena)
{
    bool others = false;

    if (purchase->pay_order.status == PAYMENT_PENDING) {
        TRY(payment_repo_any_pending(tx, payment->pay_order_id, &others));
        if (!others)
            TRY(fail_purchase(app, tx, purchase));
    }
    return tell_payment(app, tx, purchase, payment, arena);
}
