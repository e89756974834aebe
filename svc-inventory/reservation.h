#pragma once

/*
 * reservation: stock held for an order. All its lines are held, or none; it ends once, by confirm,
 * release or expiry.
 *
 * Pure. Source: 003 (pre-hold), DESIGN 4.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/fsm.h"
#include "base/status.h"
#include "stock.h"

/* In the database: never change the numbers. */
enum reservation_status {
    RESERVATION_HELD = 1,
    RESERVATION_CONFIRMED = 2,
    RESERVATION_RELEASED = 3,
    RESERVATION_EXPIRED = 4,
};

enum reservation_event { RESERVATION_CONFIRM, RESERVATION_RELEASE, RESERVATION_EXPIRE };

enum { RESERVATION_LINES_MAX = 200, HOLD_TTL_DEFAULT_S = 15 * 60 };

struct reservation_line {
    int64_t sku_id;
    int64_t quantity;
};

struct reservation {
    int64_t id;
    int64_t order_id;
    enum reservation_status status;
    struct reservation_line *lines; /* by rising SKU: the order in which stock is locked */
    size_t line_count;
    int64_t expires_us;
};

extern const struct fsm reservation_fsm;

/* Sorts the lines. INVALID_ARGUMENT DUPLICATE_LINE. */
MUST_USE struct status reservation_sort(struct reservation *reservation);

/*
 * What an event does to the status. `*ret_changed` is false when it had happened before: then
 * nothing is to be done. FAILED_PRECONDITION RESERVATION_EXPIRED, RESERVATION_RELEASED,
 * RESERVATION_CONFIRMED.
 */
MUST_USE struct status reservation_apply(struct reservation *reservation,
                                         enum reservation_event event, bool *ret_changed);

/*
 * Do both ask for the same: the same order and lines?
 */
MUST_USE bool reservation_same(const struct reservation *a, const struct reservation *b);

/*
 * Moves the stock of every line, or of none. `stocks` are those of the lines, in their order.
 * `*ret_short` is the stock of the first line that cannot be held.
 */
MUST_USE struct status reservation_hold(const struct reservation *reservation, struct stock *stocks,
                                        const struct stock **ret_short);
MUST_USE struct status reservation_end(const struct reservation *reservation, struct stock *stocks);
