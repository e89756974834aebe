#include "order.h"

/* A move is made on a copy: either all machines go along or none does. */
static struct status move(const struct fsm *fsm, enum order_machine machine, int event,
                          const struct order *order, int *status, struct order_changes *changes)
{
    int next;

    TRY(fsm_next(fsm, *status, event, order, &next));
    if (next == *status)
        return STATUS_OK;
    BUG_ON(changes->count == ORDER_CHANGES_MAX);
    changes->list[changes->count++] =
        (struct order_change){.machine = machine, .from = *status, .to = next};
    *status = next;
    return STATUS_OK;
}

static struct status move_order(struct order *order, enum order_event event,
                                struct order_changes *changes)
{
    int status = order->status;
    TRY(move(&order_fsm, MACHINE_ORDER, event, order, &status, changes));
    order->status = (enum order_status)status;
    return STATUS_OK;
}

static struct status move_payment(struct order *order, enum payment_event event,
                                  struct order_changes *changes)
{
    int status = order->payment_status;
    TRY(move(&payment_fsm, MACHINE_PAYMENT, event, order, &status, changes));
    order->payment_status = (enum payment_status)status;
    return STATUS_OK;
}

static struct status move_fulfilment(struct order *order, enum fulfilment_event event,
                                     struct order_changes *changes)
{
    int status = order->fulfilment_status;
    TRY(move(&fulfilment_fsm, MACHINE_FULFILMENT, event, order, &status, changes));
    order->fulfilment_status = (enum fulfilment_status)status;
    return STATUS_OK;
}

static struct status move_refund(struct order *order, struct order_changes *changes)
{
    int status = order->refund_status;
    TRY(move(&refund_fsm, MACHINE_REFUND, REFUND_RECORD, order, &status, changes));
    order->refund_status = (enum refund_status)status;
    return STATUS_OK;
}

static void keep(struct order *order, const struct order *moved,
                 const struct order_changes *changes, struct order_changes *ret)
{
    *order = *moved;
    if (changes->count)
        order->version++;
    *ret = *changes;
}

/* Delivered and completed at once, but told one by one: each event has a version of its own. */
static void keep_completed(struct order *order, const struct order *moved,
                           const struct order_changes *changes, struct order_changes *ret)
{
    keep(order, moved, changes, ret);
    order->version++;
}

struct status order_submit(struct order *order, struct order_changes *ret)
{
    struct order moved = *order;
    struct order_changes changes = {0};

    TRY(move_order(&moved, ORDER_SUBMIT, &changes));
    keep(order, &moved, &changes, ret);
    return STATUS_OK;
}

static struct status not_payable(const struct order *order)
{
    return status_error(CODE_FAILED_PRECONDITION, "ILLEGAL_TRANSITION",
                        "order %lld is %s, not to be paid", (long long)order->order_id,
                        order_machine_status_name(MACHINE_ORDER, order->status));
}

struct status order_start_payment(struct order *order, struct order_changes *ret)
{
    struct order moved = *order;
    struct order_changes changes = {0};

    if (order->status != ORDER_PENDING_PAYMENT)
        return not_payable(order);
    TRY(move_payment(&moved, PAYMENT_START, &changes));
    keep(order, &moved, &changes, ret);
    return STATUS_OK;
}

struct status order_fail_payment(struct order *order, struct order_changes *ret)
{
    struct order moved = *order;
    struct order_changes changes = {0};

    if (order->status != ORDER_PENDING_PAYMENT)
        return not_payable(order);
    TRY(move_payment(&moved, PAYMENT_FAIL, &changes));
    keep(order, &moved, &changes, ret);
    return STATUS_OK;
}

struct status order_pay(struct order *order, struct order_changes *ret)
{
    struct order moved = *order;
    struct order_changes changes = {0};

    TRY(move_order(&moved, ORDER_PAY, &changes));
    TRY(move_payment(&moved, PAYMENT_SUCCEED, &changes));
    keep(order, &moved, &changes, ret);
    return STATUS_OK;
}

struct status order_cancel(struct order *order, const char *reason, struct order_changes *ret)
{
    struct order moved = *order;
    struct order_changes changes = {0};

    TRY(move_order(&moved, ORDER_CANCEL, &changes));
    TRY(move_payment(&moved, PAYMENT_CLOSE, &changes));
    moved.cancel_reason = reason;
    keep(order, &moved, &changes, ret);
    return STATUS_OK;
}

struct status order_fulfil(struct order *order, struct order_changes *ret)
{
    struct order moved = *order;
    struct order_changes changes = {0};

    TRY(move_order(&moved, ORDER_FULFIL, &changes));
    if (order->physical) {
        TRY(move_fulfilment(&moved, FULFILMENT_AWAIT, &changes));
        keep(order, &moved, &changes, ret);
        return STATUS_OK;
    }
    TRY(move_fulfilment(&moved, FULFILMENT_DELIVER, &changes));
    TRY(move_order(&moved, ORDER_COMPLETE, &changes));
    keep_completed(order, &moved, &changes, ret);
    return STATUS_OK;
}

struct status order_abandon(struct order *order, const char *reason, struct order_changes *ret)
{
    struct order moved = *order;
    struct order_changes changes = {0};

    TRY(move_order(&moved, ORDER_ABANDON, &changes));
    TRY(move_fulfilment(&moved, FULFILMENT_FAIL, &changes));
    TRY(move_refund(&moved, &changes));
    moved.cancel_reason = reason;
    keep(order, &moved, &changes, ret);
    return STATUS_OK;
}

bool order_is_overdue(const struct order *order, int64_t now_us)
{
    return order->status == ORDER_PENDING_PAYMENT && now_us >= order->pay_by_us;
}

struct status order_record_refund(struct order *order, struct order_changes *ret)
{
    struct order moved = *order;
    struct order_changes changes = {0};

    TRY(move_refund(&moved, &changes));
    keep(order, &moved, &changes, ret);
    return STATUS_OK;
}

struct status order_ship(struct order *order, const struct shipment *shipment,
                         struct order_changes *ret)
{
    struct order moved = *order;
    struct order_changes changes = {0};

    TRY(move_fulfilment(&moved, FULFILMENT_SHIP, &changes));
    if (!changes.count) /* corrected: the history shows this, too */
        changes.list[changes.count++] = (struct order_change){
            .machine = MACHINE_FULFILMENT, .from = FULFILMENT_SHIPPED, .to = FULFILMENT_SHIPPED};
    moved.shipment = *shipment;
    if (order->shipment.shipped_us) {
        moved.shipment.shipped_us = order->shipment.shipped_us;
        moved.shipment.receive_by_us = order->shipment.receive_by_us;
    }
    keep(order, &moved, &changes, ret);
    return STATUS_OK;
}

struct status order_receive(struct order *order, struct order_changes *ret)
{
    struct order moved = *order;
    struct order_changes changes = {0};

    if (order->fulfilment_status != FULFILMENT_SHIPPED)
        return status_error(CODE_FAILED_PRECONDITION, "ILLEGAL_TRANSITION",
                            "order %lld is not under way", (long long)order->order_id);
    TRY(move_fulfilment(&moved, FULFILMENT_DELIVER, &changes));
    TRY(move_order(&moved, ORDER_COMPLETE, &changes));
    keep_completed(order, &moved, &changes, ret);
    return STATUS_OK;
}

bool order_is_received_by_now(const struct order *order, int64_t now_us)
{
    return order->fulfilment_status == FULFILMENT_SHIPPED &&
           now_us >= order->shipment.receive_by_us;
}

struct status order_check_version(const struct order *order, int64_t version)
{
    if (order->version == version)
        return STATUS_OK;
    return status_error(CODE_ABORTED, "VERSION_MISMATCH", "version is %lld, not %lld",
                        (long long)order->version, (long long)version);
}
