#include "order_events.h"

#include "io/pb_money.h"
#include "order_pb.h"
#include "patterns/outbox.h"
#include "souk/order/v1/events.types.h"

struct status order_tell_created(const struct order_app *app, struct db_tx *tx,
                                 const struct order *orders, size_t count, struct arena *arena)
{
    struct outbox_event *events = arena_array_of(arena, struct outbox_event, count);

    for (size_t i = 0; i < count; i++) {
        OrderCreated *message = arena_new_of(arena, OrderCreated);
        order_created_init(message);
        message->order_id = orders[i].order_id;
        message->order = order_to_pb(&orders[i], arena);
        message->version = orders[i].version;
        events[i] = (struct outbox_event){&order_created_event, &message->base};
    }
    return outbox_add(app->outbox, tx, events, count);
}

struct status order_tell_paid(const struct order_app *app, struct db_tx *tx,
                              const struct order *order, struct arena *arena)
{
    OrderPaid message;

    order_paid_init(&message);
    message.order_id = order->order_id;
    message.pay_order_id = order->pay_order_id;
    message.user_id = order->user_id;
    message.total = pb_money(order->total, arena);
    message.version = order->version;
    return outbox_add_one(app->outbox, tx, &order_paid_event, &message.base);
}

struct status order_tell_cancelled(const struct order_app *app, struct db_tx *tx,
                                   const struct order *order)
{
    OrderCancelled message;

    order_cancelled_init(&message);
    message.order_id = order->order_id;
    message.user_id = order->user_id;
    message.reason = (char *)(uintptr_t)order->cancel_reason;
    message.version = order->version;
    return outbox_add_one(app->outbox, tx, &order_cancelled_event, &message.base);
}

struct status order_tell_shipped(const struct order_app *app, struct db_tx *tx,
                                 const struct order *order, struct arena *arena)
{
    OrderShipped message;

    order_shipped_init(&message);
    message.order_id = order->order_id;
    message.user_id = order->user_id;
    message.shop_id = order->shop_id;
    message.shipment = shipment_to_pb(&order->shipment, arena);
    message.version = order->version;
    return outbox_add_one(app->outbox, tx, &order_shipped_event, &message.base);
}

struct status order_tell_fulfilled(const struct order_app *app, struct db_tx *tx,
                                   const struct order *order)
{
    const bool is_completed = order->status == ORDER_COMPLETED;
    OrderFulfilled fulfilled;
    OrderCompleted completed;

    order_fulfilled_init(&fulfilled);
    fulfilled.order_id = order->order_id;
    fulfilled.user_id = order->user_id;
    fulfilled.version = order->version - is_completed;
    order_completed_init(&completed);
    completed.order_id = order->order_id;
    completed.user_id = order->user_id;
    completed.version = order->version;
    const struct outbox_event events[] = {
        {&order_fulfilled_event, &fulfilled.base},
        {&order_completed_event, &completed.base},
    };
    if (order->fulfilment_status != FULFILMENT_DELIVERED)
        return STATUS_OK;
    return outbox_add(app->outbox, tx, events, is_completed ? 2 : 1);
}

struct status order_tell_refund(const struct order_app *app, struct db_tx *tx,
                                const struct refund *refund, int64_t version, struct arena *arena)
{
    RefundRecorded message;

    refund_recorded_init(&message);
    message.pay_order_id = refund->pay_order_id;
    message.refund_id = refund->refund_id;
    message.order_id = refund->order_id;
    message.amount = pb_money(refund->amount, arena);
    message.reason = (char *)(uintptr_t)refund->reason;
    message.version = version;
    return outbox_add_one(app->outbox, tx, &refund_recorded_event, &message.base);
}

static struct status tell_failed(const struct order_app *app, struct db_tx *tx,
                                 const struct payment *payment, int64_t version)
{
    PaymentFailed message;

    payment_failed_init(&message);
    message.pay_order_id = payment->pay_order_id;
    message.payment_id = payment->payment_id;
    message.version = version;
    return outbox_add_one(app->outbox, tx, &payment_failed_event, &message.base);
}

struct status order_tell_payment(const struct order_app *app, struct db_tx *tx,
                                 const struct payment *payment, int64_t version,
                                 struct arena *arena)
{
    PaymentSucceeded message;

    if (payment->status == PAYMENT_FAILED)
        return tell_failed(app, tx, payment, version);
    payment_succeeded_init(&message);
    message.pay_order_id = payment->pay_order_id;
    message.payment_id = payment->payment_id;
    message.amount = pb_money(payment->amount, arena);
    message.version = version;
    return outbox_add_one(app->outbox, tx, &payment_succeeded_event, &message.base);
}
