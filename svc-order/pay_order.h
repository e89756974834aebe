#pragma once

/*
 * pay_order: what is paid at once, and the payments that try to. One payment at the most pays it;
 * money that comes besides goes back.
 *
 * Pure. Source: 003 (pay order), DESIGN 4.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/money.h"
#include "base/status.h"
#include "order.h"

struct pay_order {
    int64_t pay_order_id;
    int64_t user_id;
    enum payment_status status;
    char currency[4];
    int64_t redemption_id; /* of its quote */
    int64_t paid_by;       /* the payment; 0: not paid */
    int64_t pay_by_us;
    int64_t version;
};

struct payment {
    int64_t payment_id;
    int64_t pay_order_id;
    int64_t user_id;
    const char *provider;
    const char *method;
    enum payment_status status;
    struct money amount;
    int64_t created_us;
    int64_t updated_us;
};

/* What is to be paid: the orders that are not cancelled. INVALID_ARGUMENT MONEY_OVERFLOW. */
MUST_USE struct status pay_order_total(const struct pay_order *pay_order,
                                       const struct order *orders, size_t count, struct money *ret);

/*
 * FAILED_PRECONDITION ILLEGAL_TRANSITION when it is paid, closed, or `now_us` is not before pay_by.
 */
MUST_USE struct status pay_order_start(struct pay_order *pay_order, int64_t now_us);
MUST_USE struct status pay_order_fail(struct pay_order *pay_order);
MUST_USE struct status pay_order_close(struct pay_order *pay_order);

enum paid_outcome {
    PAID_NOW,    /* this payment pays it */
    PAID_BEFORE, /* another one did, or it was closed: the money goes back */
};

MUST_USE enum paid_outcome pay_order_succeed(struct pay_order *pay_order, int64_t payment_id);

/* What the provider said. `*ret_news` is false when it had said so before. */
MUST_USE struct status payment_succeed(struct payment *payment, bool *ret_news);
MUST_USE struct status payment_fail(struct payment *payment, bool *ret_news);
