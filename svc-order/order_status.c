#include "order_status.h"

static const char *order_name(int status)
{
    static const char *const names[] = {
        [ORDER_CREATED] = "CREATED",     [ORDER_PENDING_PAYMENT] = "PENDING_PAYMENT",
        [ORDER_PAID] = "PAID",           [ORDER_FULFILLING] = "FULFILLING",
        [ORDER_COMPLETED] = "COMPLETED", [ORDER_CANCELLED] = "CANCELLED",
        [ORDER_CLOSED] = "CLOSED",
    };
    return names[status];
}

static const char *order_event_name(int event)
{
    static const char *const names[] = {
        [ORDER_SUBMIT] = "submit", [ORDER_PAY] = "pay",           [ORDER_CANCEL] = "cancel",
        [ORDER_FULFIL] = "fulfil", [ORDER_COMPLETE] = "complete", [ORDER_ABANDON] = "abandon",
    };
    return names[event];
}

static const struct fsm_rule order_rules[] = {
    {.from = ORDER_CREATED, .event = ORDER_SUBMIT, .to = ORDER_PENDING_PAYMENT},
    {.from = ORDER_PENDING_PAYMENT, .event = ORDER_PAY, .to = ORDER_PAID},
    {.from = ORDER_PENDING_PAYMENT, .event = ORDER_CANCEL, .to = ORDER_CANCELLED},
    {.from = ORDER_PAID, .event = ORDER_FULFIL, .to = ORDER_FULFILLING},
    {.from = ORDER_PAID, .event = ORDER_ABANDON, .to = ORDER_CANCELLED},
    {.from = ORDER_FULFILLING, .event = ORDER_COMPLETE, .to = ORDER_COMPLETED},
};

const struct fsm order_fsm = {
    .name = "order",
    .state_name = order_name,
    .event_name = order_event_name,
    .rules = order_rules,
    .rule_count = ARRAY_LEN(order_rules),
};

static const char *payment_name(int status)
{
    static const char *const names[] = {
        [PAYMENT_UNPAID] = "UNPAID", [PAYMENT_PENDING] = "PENDING", [PAYMENT_PAID] = "PAID",
        [PAYMENT_FAILED] = "FAILED", [PAYMENT_CLOSED] = "CLOSED",
    };
    return names[status];
}

static const char *payment_event_name(int event)
{
    static const char *const names[] = {
        [PAYMENT_START] = "start",
        [PAYMENT_SUCCEED] = "succeed",
        [PAYMENT_FAIL] = "fail",
        [PAYMENT_CLOSE] = "close",
    };
    return names[event];
}

/* A provider may say "failed" and then "succeeded"; never the other way round. */
static const struct fsm_rule payment_rules[] = {
    {.from = PAYMENT_UNPAID, .event = PAYMENT_START, .to = PAYMENT_PENDING},
    {.from = PAYMENT_PENDING, .event = PAYMENT_START, .to = PAYMENT_PENDING},
    {.from = PAYMENT_FAILED, .event = PAYMENT_START, .to = PAYMENT_PENDING},
    {.from = PAYMENT_UNPAID, .event = PAYMENT_SUCCEED, .to = PAYMENT_PAID},
    {.from = PAYMENT_PENDING, .event = PAYMENT_SUCCEED, .to = PAYMENT_PAID},
    {.from = PAYMENT_FAILED, .event = PAYMENT_SUCCEED, .to = PAYMENT_PAID},
    {.from = PAYMENT_PENDING, .event = PAYMENT_FAIL, .to = PAYMENT_FAILED},
    {.from = PAYMENT_UNPAID, .event = PAYMENT_CLOSE, .to = PAYMENT_CLOSED},
    {.from = PAYMENT_PENDING, .event = PAYMENT_CLOSE, .to = PAYMENT_CLOSED},
    {.from = PAYMENT_FAILED, .event = PAYMENT_CLOSE, .to = PAYMENT_CLOSED},
};

const struct fsm payment_fsm = {
    .name = "payment",
    .state_name = payment_name,
    .event_name = payment_event_name,
    .rules = payment_rules,
    .rule_count = ARRAY_LEN(payment_rules),
};

static const char *fulfilment_name(int status)
{
    static const char *const names[] = {
        [FULFILMENT_NOT_STARTED] = "NOT_STARTED", [FULFILMENT_WAITING] = "WAITING",
        [FULFILMENT_DELIVERED] = "DELIVERED",     [FULFILMENT_FAILED] = "FAILED",
        [FULFILMENT_SHIPPED] = "SHIPPED",
    };
    return names[status];
}

static const char *fulfilment_event_name(int event)
{
    static const char *const names[] = {
        [FULFILMENT_AWAIT] = "await",
        [FULFILMENT_SHIP] = "ship",
        [FULFILMENT_DELIVER] = "deliver",
        [FULFILMENT_FAIL] = "fail",
    };
    return names[event];
}

static const struct fsm_rule fulfilment_rules[] = {
    {.from = FULFILMENT_NOT_STARTED, .event = FULFILMENT_AWAIT, .to = FULFILMENT_WAITING},
    {.from = FULFILMENT_NOT_STARTED, .event = FULFILMENT_DELIVER, .to = FULFILMENT_DELIVERED},
    {.from = FULFILMENT_WAITING, .event = FULFILMENT_SHIP, .to = FULFILMENT_SHIPPED},
    {.from = FULFILMENT_SHIPPED, .event = FULFILMENT_SHIP, .to = FULFILMENT_SHIPPED},
    {.from = FULFILMENT_SHIPPED, .event = FULFILMENT_DELIVER, .to = FULFILMENT_DELIVERED},
    {.from = FULFILMENT_NOT_STARTED, .event = FULFILMENT_FAIL, .to = FULFILMENT_FAILED},
};

const struct fsm fulfilment_fsm = {
    .name = "fulfilment",
    .state_name = fulfilment_name,
    .event_name = fulfilment_event_name,
    .rules = fulfilment_rules,
    .rule_count = ARRAY_LEN(fulfilment_rules),
};

static const char *refund_name(int status)
{
    static const char *const names[] = {
        [REFUND_NONE] = "NONE",
        [REFUND_PENDING] = "PENDING",
        [REFUND_REFUNDED] = "REFUNDED",
    };
    return names[status];
}

static const char *refund_event_name(int event)
{
    (void)event;
    return "record";
}

/* Money that comes twice is recorded twice. */
static const struct fsm_rule refund_rules[] = {
    {.from = REFUND_NONE, .event = REFUND_RECORD, .to = REFUND_PENDING},
    {.from = REFUND_PENDING, .event = REFUND_RECORD, .to = REFUND_PENDING},
    {.from = REFUND_REFUNDED, .event = REFUND_RECORD, .to = REFUND_PENDING},
};

const struct fsm refund_fsm = {
    .name = "refund",
    .state_name = refund_name,
    .event_name = refund_event_name,
    .rules = refund_rules,
    .rule_count = ARRAY_LEN(refund_rules),
};

static const struct fsm *machine_fsm(enum order_machine machine)
{
    static const struct fsm *const machines[] = {
        [MACHINE_ORDER] = &order_fsm,
        [MACHINE_PAYMENT] = &payment_fsm,
        [MACHINE_FULFILMENT] = &fulfilment_fsm,
        [MACHINE_REFUND] = &refund_fsm,
    };
    return machines[machine];
}

const char *order_machine_status_name(enum order_machine machine, int status)
{
    return machine_fsm(machine)->state_name(status);
}

const char *order_machine_name(enum order_machine machine)
{
    return machine_fsm(machine)->name;
}
