#pragma once

/*
 * order: what one customer buys of one shop, and what may happen to it.
 *
 * Pure. Every move says in `changes` which machines moved; the caller saves them as history rows
 * with the order, in one transaction. Source: 003 (order model), DESIGN 4.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/id.h"
#include "base/money.h"
#include "base/status.h"
#include "order_status.h"

enum { ORDER_LINES_MAX = 200, ORDER_CHANGES_MAX = 4, ORDER_REASON_MAX = 200 };

struct order_line {
    int64_t item_id;
    int64_t sku_id;
    int64_t snapshot_id;
    const char *item_title;
    const char *sku_title;
    int64_t quantity;
    int64_t base_minor; /* for one */
    int64_t adjustment_minor;
    int64_t total_minor;
    bool physical;
};

/* How physical goods travel. */
struct shipment {
    const char *carrier;
    const char *tracking_no;
    int64_t shipped_us;    /* 0: not yet */
    int64_t receive_by_us; /* from then on it counts as received */
};

struct order_change {
    enum order_machine machine;
    int from;
    int to;
};

struct order {
    int64_t order_id;
    char order_no[ORDER_NO_DIGITS + 1];
    int64_t pay_order_id;
    int64_t user_id;
    int64_t shop_id;
    enum order_status status;
    enum payment_status payment_status;
    enum fulfilment_status fulfilment_status;
    enum refund_status refund_status;
    struct money subtotal;
    struct money adjustment;
    struct money total;
    bool physical; /* any of its lines */
    const struct order_line *lines;
    size_t line_count;
    const void *address; /* packed souk.order.v1.Address; NULL: none */
    size_t address_size;
    const char *note;
    const char *cancel_reason;
    struct shipment shipment;
    int64_t pay_by_us;
    int64_t version;
    int64_t created_us;
    int64_t updated_us;
};

/* What a move did. */
struct order_changes {
    struct order_change list[ORDER_CHANGES_MAX];
    size_t count;
};

/*
 * Each is FAILED_PRECONDITION ILLEGAL_TRANSITION, and nothing moved, where the order's status does
 * not allow it.
 */
MUST_USE struct status order_submit(struct order *order, struct order_changes *ret);
MUST_USE struct status order_start_payment(struct order *order, struct order_changes *ret);
MUST_USE struct status order_fail_payment(struct order *order, struct order_changes *ret);
MUST_USE struct status order_pay(struct order *order, struct order_changes *ret);
/* `reason` is kept. */
MUST_USE struct status order_cancel(struct order *order, const char *reason,
                                    struct order_changes *ret);
/* The stock is sold: virtual goods are delivered at once, physical ones wait. */
MUST_USE struct status order_fulfil(struct order *order, struct order_changes *ret);
/* Paid, but its stock is gone: cancelled, the money goes back. */
MUST_USE struct status order_abandon(struct order *order, const char *reason,
                                     struct order_changes *ret);
/* Waits for its payment, and by now should not any more: from pay_by on, not a moment before. */
MUST_USE bool order_is_overdue(const struct order *order, int64_t now_us);
/* Money came for an order that is cancelled. */
MUST_USE struct status order_record_refund(struct order *order, struct order_changes *ret);
/*
 * Said again before the goods are received it corrects carrier and number, which are kept; when
 * they left and are to be there stays.
 */
MUST_USE struct status order_ship(struct order *order, const struct shipment *shipment,
                                  struct order_changes *ret);
/* What was shipped has arrived. */
MUST_USE struct status order_receive(struct order *order, struct order_changes *ret);

/* Nobody said that what was shipped has arrived, and by now it must have. */
MUST_USE bool order_is_received_by_now(const struct order *order, int64_t now_us);

/*
 * For changes from outside: refuses one that was overtaken by another, also where the statuses are
 * the same again (ABA, 003). ABORTED VERSION_MISMATCH.
 */
MUST_USE struct status order_check_version(const struct order *order, int64_t version);
