#include "svc-order/order.h"
#include "tests/unit/unit.h"

static struct order fresh(bool physical)
{
    struct order order = {
        .order_id = 1,
        .status = ORDER_CREATED,
        .payment_status = PAYMENT_UNPAID,
        .fulfilment_status = FULFILMENT_NOT_STARTED,
        .refund_status = REFUND_NONE,
        .physical = physical,
    };
    return order;
}

static struct order paid(bool physical)
{
    struct order order = fresh(physical);
    struct order_changes changes;
    assert_ok(order_submit(&order, &changes));
    assert_ok(order_pay(&order, &changes));
    return order;
}

static void a_virtual_order_is_complete_as_soon_as_its_stock_is_sold(void **state)
{
    struct order order = paid(false);
    struct order_changes changes;

    assert_ok(order_fulfil(&order, &changes));
    assert_int_equal(order.status, ORDER_COMPLETED);
    assert_int_equal(order.fulfilment_status, FULFILMENT_DELIVERED);
    assert_int_equal(changes.count, 3);
    assert_int_equal(changes.list[0].from, ORDER_PAID);
    assert_int_equal(changes.list[0].to, ORDER_FULFILLING);
    assert_int_equal(changes.list[1].machine, MACHINE_FULFILMENT);
    assert_int_equal(changes.list[2].to, ORDER_COMPLETED);
}

static void a_physical_order_waits_for_its_shipment(void **state)
{
    struct order order = paid(true);
    struct order_changes changes;

    assert_ok(order_fulfil(&order, &changes));
    assert_int_equal(order.status, ORDER_FULFILLING);
    assert_int_equal(order.fulfilment_status, FULFILMENT_WAITING);
}

static void a_cancelled_order_cannot_be_paid_and_a_paid_one_not_cancelled(void **state)
{
    struct order order = fresh(false);
    struct order_changes changes = {0};

    assert_ok(order_submit(&order, &changes));
    assert_ok(order_cancel(&order, "customer", &changes));
    assert_int_equal(order.payment_status, PAYMENT_CLOSED);
    assert_string_equal(order.cancel_reason, "customer");
    assert_reason(order_pay(&order, &changes), "ILLEGAL_TRANSITION");

    order = paid(false);
    assert_reason(order_cancel(&order, "customer", &changes), "ILLEGAL_TRANSITION");
}

static void a_refused_move_changes_nothing(void **state)
{
    struct order order = paid(false);
    const struct order before = order;
    struct order_changes changes = {0};

    assert_reason(order_cancel(&order, "customer", &changes), "ILLEGAL_TRANSITION");
    assert_memory_equal(&order, &before, sizeof order);
    assert_int_equal(changes.count, 0);
}

static void every_move_raises_the_version(void **state)
{
    struct order order = fresh(false);
    struct order_changes changes;

    assert_ok(order_submit(&order, &changes));
    assert_int_equal(order.version, 1);
    assert_ok(order_start_payment(&order, &changes));
    assert_int_equal(order.version, 2);
    assert_ok(order_start_payment(&order, &changes)); /* started again: nothing moves */
    assert_int_equal(changes.count, 0);
    assert_int_equal(order.version, 2);
    assert_ok(order_pay(&order, &changes));
    assert_int_equal(order.version, 3);
    assert_ok(order_fulfil(&order, &changes)); /* delivered, and completed */
    assert_int_equal(order.version, 5);
}

static void a_failed_payment_may_be_tried_again_and_succeed(void **state)
{
    struct order order = fresh(false);
    struct order_changes changes;

    assert_ok(order_submit(&order, &changes));
    assert_ok(order_start_payment(&order, &changes));
    assert_ok(order_fail_payment(&order, &changes));
    assert_int_equal(order.payment_status, PAYMENT_FAILED);
    assert_int_equal(order.status, ORDER_PENDING_PAYMENT);
    assert_ok(order_start_payment(&order, &changes));
    assert_ok(order_pay(&order, &changes));
    assert_int_equal(order.payment_status, PAYMENT_PAID);
}

static void what_cannot_be_delivered_is_cancelled_with_its_money_recorded(void **state)
{
    struct order order = paid(false);
    struct order_changes changes;

    assert_ok(order_abandon(&order, "the goods are gone", &changes));
    assert_int_equal(order.status, ORDER_CANCELLED);
    assert_int_equal(order.fulfilment_status, FULFILMENT_FAILED);
    assert_int_equal(order.refund_status, REFUND_PENDING);
    assert_int_equal(order.payment_status, PAYMENT_PAID);
    assert_int_equal(changes.count, 3);
}

static void a_payment_cannot_start_for_an_order_that_is_over(void **state)
{
    struct order order = paid(false);
    struct order_changes changes;

    assert_reason(order_start_payment(&order, &changes), "ILLEGAL_TRANSITION");
    assert_reason(order_fail_payment(&order, &changes), "ILLEGAL_TRANSITION");
}

static struct order waiting(void)
{
    struct order order = paid(true);
    struct order_changes changes;
    assert_ok(order_fulfil(&order, &changes));
    return order;
}

static const struct shipment parcel = {
    .carrier = "DHL", .tracking_no = "123", .shipped_us = 1000, .receive_by_us = 2000};

static void a_shipped_order_is_complete_when_it_is_received(void **state)
{
    struct order order = waiting();
    struct order_changes changes;

    assert_ok(order_ship(&order, &parcel, &changes));
    assert_int_equal(order.status, ORDER_FULFILLING);
    assert_int_equal(order.fulfilment_status, FULFILMENT_SHIPPED);
    assert_int_equal(changes.count, 1);
    assert_ok(order_receive(&order, &changes));
    assert_int_equal(order.status, ORDER_COMPLETED);
    assert_int_equal(order.fulfilment_status, FULFILMENT_DELIVERED);
    assert_int_equal(changes.count, 2);
}

static void a_correction_is_a_version_and_a_line_of_history_but_no_new_shipment(void **state)
{
    const struct shipment other = {
        .carrier = "UPS", .tracking_no = "456", .shipped_us = 1500, .receive_by_us = 2500};
    struct order order = waiting();
    struct order_changes changes;

    assert_ok(order_ship(&order, &parcel, &changes));
    const int64_t version = order.version;
    assert_ok(order_ship(&order, &other, &changes));
    assert_int_equal(order.version, version + 1);
    assert_int_equal(changes.count, 1);
    assert_int_equal(changes.list[0].from, FULFILMENT_SHIPPED);
    assert_int_equal(changes.list[0].to, FULFILMENT_SHIPPED);
    assert_string_equal(order.shipment.tracking_no, "456");
    assert_int_equal(order.shipment.shipped_us, 1000);
    assert_int_equal(order.shipment.receive_by_us, 2000);
}

static void what_does_not_wait_is_not_shipped_and_what_is_not_under_way_not_received(void **state)
{
    struct order unpaid = fresh(true), received = waiting(), order = waiting();
    struct order_changes changes = {0};

    assert_reason(order_ship(&unpaid, &parcel, &changes), "ILLEGAL_TRANSITION");
    assert_reason(order_receive(&unpaid, &changes), "ILLEGAL_TRANSITION");
    assert_reason(order_receive(&order, &changes), "ILLEGAL_TRANSITION");
    assert_int_equal(order.fulfilment_status, FULFILMENT_WAITING);
    assert_ok(order_ship(&received, &parcel, &changes));
    assert_ok(order_receive(&received, &changes));
    assert_reason(order_ship(&received, &parcel, &changes), "ILLEGAL_TRANSITION");
    assert_reason(order_receive(&received, &changes), "ILLEGAL_TRANSITION");
}

static void it_counts_as_received_from_the_moment_on(void **state)
{
    struct order order = waiting();
    struct order_changes changes;

    assert_false(order_is_received_by_now(&order, INT64_MAX));
    assert_ok(order_ship(&order, &parcel, &changes));
    assert_false(order_is_received_by_now(&order, 1999));
    assert_true(order_is_received_by_now(&order, 2000));
    assert_ok(order_receive(&order, &changes));
    assert_false(order_is_received_by_now(&order, 2000));
}

static void a_change_from_outside_needs_the_version_as_it_is(void **state)
{
    struct order order = {.version = 7};

    assert_ok(order_check_version(&order, 7));
    assert_reason(order_check_version(&order, 6), "VERSION_MISMATCH");
    assert_reason(order_check_version(&order, 8), "VERSION_MISMATCH");
}

static void the_time_to_pay_ends_at_its_end(void **state)
{
    struct order order = fresh(false);
    struct order_changes changes;

    order.pay_by_us = 1000;
    assert_false(order_is_overdue(&order, 1000));
    assert_ok(order_submit(&order, &changes));
    assert_false(order_is_overdue(&order, 999));
    assert_true(order_is_overdue(&order, 1000));
    assert_ok(order_pay(&order, &changes));
    assert_false(order_is_overdue(&order, 1000));
}

UNIT_TESTS(the_time_to_pay_ends_at_its_end,
           a_virtual_order_is_complete_as_soon_as_its_stock_is_sold,
           a_physical_order_waits_for_its_shipment,
           a_cancelled_order_cannot_be_paid_and_a_paid_one_not_cancelled,
           a_refused_move_changes_nothing, every_move_raises_the_version,
           a_failed_payment_may_be_tried_again_and_succeed,
           what_cannot_be_delivered_is_cancelled_with_its_money_recorded,
           a_payment_cannot_start_for_an_order_that_is_over,
           a_shipped_order_is_complete_when_it_is_received,
           a_correction_is_a_version_and_a_line_of_history_but_no_new_shipment,
           what_does_not_wait_is_not_shipped_and_what_is_not_under_way_not_received,
           it_counts_as_received_from_the_moment_on,
           a_change_from_outside_needs_the_version_as_it_is)
