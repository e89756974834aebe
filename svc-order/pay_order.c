#include "pay_order.h"

#include <string.h>

struct status pay_order_total(const struct pay_order *pay_order, const struct order *orders,
                              size_t count, struct money *ret)
{
    struct money total = {.minor = 0};

    memcpy(total.currency, pay_order->currency, sizeof total.currency);
    for (size_t i = 0; i < count; i++)
        if (orders[i].status != ORDER_CANCELLED)
            TRY(money_add(total, orders[i].total, &total));
    *ret = total;
    return STATUS_OK;
}

static struct status move(const struct fsm *fsm, enum payment_event event, const void *subject,
                          enum payment_status *status, bool *ret_moved)
{
    int next;

    TRY(fsm_next(fsm, *status, event, subject, &next));
    *ret_moved = next != (int)*status;
    *status = (enum payment_status)next;
    return STATUS_OK;
}

static struct status move_pay_order(struct pay_order *pay_order, enum payment_event event)
{
    bool moved;

    TRY(move(&payment_fsm, event, pay_order, &pay_order->status, &moved));
    pay_order->version += moved;
    return STATUS_OK;
}

struct status pay_order_start(struct pay_order *pay_order, int64_t now_us)
{
    if (now_us >= pay_order->pay_by_us)
        return status_error(CODE_FAILED_PRECONDITION, "ILLEGAL_TRANSITION",
                            "the time to pay it is over");
    return move_pay_order(pay_order, PAYMENT_START);
}

struct status pay_order_fail(struct pay_order *pay_order)
{
    return move_pay_order(pay_order, PAYMENT_FAIL);
}

struct status pay_order_close(struct pay_order *pay_order)
{
    return move_pay_order(pay_order, PAYMENT_CLOSE);
}

enum paid_outcome pay_order_succeed(struct pay_order *pay_order, int64_t payment_id)
{
    const struct status st = move_pay_order(pay_order, PAYMENT_SUCCEED);

    if (!status_ok(&st))
        return PAID_BEFORE;
    pay_order->paid_by = payment_id;
    return PAID_NOW;
}

struct status payment_succeed(struct payment *payment, bool *ret_news)
{
    *ret_news = false;
    if (payment->status == PAYMENT_PAID)
        return STATUS_OK;
    return move(&payment_fsm, PAYMENT_SUCCEED, payment, &payment->status, ret_news);
}

struct status payment_fail(struct payment *payment, bool *ret_news)
{
    *ret_news = false;
    if (payment->status == PAYMENT_FAILED || payment->status == PAYMENT_PAID)
        return STATUS_OK; /* late news of an older try */
    return move(&payment_fsm, PAYMENT_FAIL, payment, &payment->status, ret_news);
}
