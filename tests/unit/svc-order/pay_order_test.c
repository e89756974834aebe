#include "svc-order/pay_order.h"
#include "tests/unit/unit.h"

static struct pay_order fresh(void)
{
    return (struct pay_order){
        .pay_order_id = 1,
        .status = PAYMENT_UNPAID,
        .currency = "EUR",
        .pay_by_us = 1000,
        .version = 1,
    };
}

static struct order order_of(enum order_status status, int64_t total)
{
    return (struct order){.status = status, .total = {.currency = "EUR", .minor = total}};
}

static void cancelled_orders_are_not_to_be_paid(void **state)
{
    const struct pay_order pay_order = fresh();
    const struct order orders[] = {order_of(ORDER_PENDING_PAYMENT, 100),
                                   order_of(ORDER_CANCELLED, 50),
                                   order_of(ORDER_PENDING_PAYMENT, 7)};
    struct money total;

    assert_ok(pay_order_total(&pay_order, orders, 3, &total));
    assert_int_equal(total.minor, 107);
    assert_string_equal(total.currency, "EUR");
}

static void a_payment_starts_before_the_last_moment_not_at_it(void **state)
{
    struct pay_order pay_order = fresh();

    assert_ok(pay_order_start(&pay_order, 999));
    assert_int_equal(pay_order.status, PAYMENT_PENDING);
    pay_order = fresh();
    assert_reason(pay_order_start(&pay_order, 1000), "ILLEGAL_TRANSITION");
    assert_int_equal(pay_order.status, PAYMENT_UNPAID);
}

static void the_first_payment_pays_and_later_ones_find_it_paid(void **state)
{
    struct pay_order pay_order = fresh();

    assert_ok(pay_order_start(&pay_order, 1));
    assert_int_equal(pay_order_succeed(&pay_order, 11), PAID_NOW);
    assert_int_equal(pay_order.paid_by, 11);
    assert_int_equal(pay_order_succeed(&pay_order, 12), PAID_BEFORE);
    assert_int_equal(pay_order.paid_by, 11);
    assert_reason(pay_order_start(&pay_order, 1), "ILLEGAL_TRANSITION");
}

static void money_for_a_closed_pay_order_goes_back(void **state)
{
    struct pay_order pay_order = fresh();

    assert_ok(pay_order_close(&pay_order));
    assert_int_equal(pay_order_succeed(&pay_order, 11), PAID_BEFORE);
    assert_int_equal(pay_order.status, PAYMENT_CLOSED);
    assert_int_equal(pay_order.paid_by, 0);
}

static void success_after_failure_counts_and_failure_after_success_does_not(void **state)
{
    struct payment payment = {.status = PAYMENT_PENDING};
    bool news;

    assert_ok(payment_fail(&payment, &news));
    assert_true(news);
    assert_ok(payment_succeed(&payment, &news));
    assert_true(news);
    assert_ok(payment_succeed(&payment, &news));
    assert_false(news);
    assert_ok(payment_fail(&payment, &news));
    assert_false(news);
    assert_int_equal(payment.status, PAYMENT_PAID);
}

UNIT_TESTS(cancelled_orders_are_not_to_be_paid, a_payment_starts_before_the_last_moment_not_at_it,
           the_first_payment_pays_and_later_ones_find_it_paid,
           money_for_a_closed_pay_order_goes_back,
           success_after_failure_counts_and_failure_after_success_does_not)
