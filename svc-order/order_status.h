#pragma once

/*
 * order_status: the four machines of an order. Each has its own states; what happens to an order
 * moves one or more of them.
 *
 * Numbers are in the database: never change them. Pure. Source: 003 (order model, four statuses).
 */

#include "base/fsm.h"

enum order_status {
    ORDER_CREATED = 1,
    ORDER_PENDING_PAYMENT = 2,
    ORDER_PAID = 3,
    ORDER_FULFILLING = 4,
    ORDER_COMPLETED = 5,
    ORDER_CANCELLED = 6,
    ORDER_CLOSED = 7,
};

enum payment_status {
    PAYMENT_UNPAID = 1,
    PAYMENT_PENDING = 2,
    PAYMENT_PAID = 3,
    PAYMENT_FAILED = 4,
    PAYMENT_CLOSED = 5,
};

enum fulfilment_status {
    FULFILMENT_NOT_STARTED = 1,
    FULFILMENT_WAITING = 2,
    FULFILMENT_DELIVERED = 3,
    FULFILMENT_FAILED = 4,
    FULFILMENT_SHIPPED = 5,
};

enum refund_status { REFUND_NONE = 1, REFUND_PENDING = 2, REFUND_REFUNDED = 3 };

/* In the history: which of an order's machines moved. */
enum order_machine {
    MACHINE_ORDER = 1,
    MACHINE_PAYMENT = 2,
    MACHINE_FULFILMENT = 3,
    MACHINE_REFUND = 4,
};

enum order_event {
    ORDER_SUBMIT,   /* written: waits for its payment */
    ORDER_PAY,      /* the money is there */
    ORDER_CANCEL,   /* before it was paid */
    ORDER_FULFIL,   /* the stock is sold, delivery begins */
    ORDER_COMPLETE, /* delivered */
    ORDER_ABANDON,  /* paid, but it cannot be delivered */
};

enum payment_event { PAYMENT_START, PAYMENT_SUCCEED, PAYMENT_FAIL, PAYMENT_CLOSE };
enum fulfilment_event {
    FULFILMENT_AWAIT,   /* physical goods are sold */
    FULFILMENT_SHIP,    /* handed to a carrier, or the word of that corrected */
    FULFILMENT_DELIVER, /* virtual: at once; physical: received */
    FULFILMENT_FAIL,
};
enum refund_event { REFUND_RECORD };

extern const struct fsm order_fsm;
extern const struct fsm payment_fsm; /* of orders, pay orders and payments */
extern const struct fsm fulfilment_fsm;
extern const struct fsm refund_fsm;

/* "PENDING_PAYMENT" */
const char *order_machine_status_name(enum order_machine machine, int status);
/* "order" */
const char *order_machine_name(enum order_machine machine);
