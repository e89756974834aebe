#include "reservation.h"

#include <stdlib.h>
#include <string.h>

static const char *status_name(int status)
{
    static const char *const names[] = {
        [RESERVATION_HELD] = "HELD",
        [RESERVATION_CONFIRMED] = "CONFIRMED",
        [RESERVATION_RELEASED] = "RELEASED",
        [RESERVATION_EXPIRED] = "EXPIRED",
    };
    return names[status];
}

static const char *event_name(int event)
{
    static const char *const names[] = {
        [RESERVATION_CONFIRM] = "confirm",
        [RESERVATION_RELEASE] = "release",
        [RESERVATION_EXPIRE] = "expire",
    };
    return names[event];
}

static const struct fsm_rule rules[] = {
    {.from = RESERVATION_HELD, .event = RESERVATION_CONFIRM, .to = RESERVATION_CONFIRMED},
    {.from = RESERVATION_HELD, .event = RESERVATION_RELEASE, .to = RESERVATION_RELEASED},
    {.from = RESERVATION_HELD, .event = RESERVATION_EXPIRE, .to = RESERVATION_EXPIRED},
    /* Asked again. */
    {.from = RESERVATION_CONFIRMED, .event = RESERVATION_CONFIRM, .to = RESERVATION_CONFIRMED},
    {.from = RESERVATION_RELEASED, .event = RESERVATION_RELEASE, .to = RESERVATION_RELEASED},
    {.from = RESERVATION_EXPIRED, .event = RESERVATION_EXPIRE, .to = RESERVATION_EXPIRED},
    /* The stock is back already, which is all that a release wants. */
    {.from = RESERVATION_EXPIRED, .event = RESERVATION_RELEASE, .to = RESERVATION_EXPIRED},
    {.from = RESERVATION_RELEASED, .event = RESERVATION_EXPIRE, .to = RESERVATION_RELEASED},
};

const struct fsm reservation_fsm = {
    .name = "reservation",
    .state_name = status_name,
    .event_name = event_name,
    .rules = rules,
    .rule_count = ARRAY_LEN(rules),
};

static int by_sku(const void *a, const void *b)
{
    const struct reservation_line *left = a, *right = b;
    return (left->sku_id > right->sku_id) - (left->sku_id < right->sku_id);
}

struct status reservation_sort(struct reservation *reservation)
{
    qsort(reservation->lines, reservation->line_count, sizeof *reservation->lines, by_sku);
    for (size_t i = 1; i < reservation->line_count; i++)
        if (reservation->lines[i].sku_id == reservation->lines[i - 1].sku_id)
            return status_error(CODE_INVALID_ARGUMENT, "DUPLICATE_LINE", "SKU %lld is in two lines",
                                (long long)reservation->lines[i].sku_id);
    return STATUS_OK;
}

static const char *ended_reason(enum reservation_status status)
{
    switch (status) {
    case RESERVATION_CONFIRMED: return "RESERVATION_CONFIRMED";
    case RESERVATION_EXPIRED: return "RESERVATION_EXPIRED";
    default: return "RESERVATION_RELEASED";
    }
}

struct status reservation_apply(struct reservation *reservation, enum reservation_event event,
                                bool *ret_changed)
{
    int next;
    const struct status st =
        fsm_next(&reservation_fsm, reservation->status, event, reservation, &next);

    if (!status_ok(&st))
        return status_error(CODE_FAILED_PRECONDITION, ended_reason(reservation->status),
                            "reservation %lld is %s", (long long)reservation->id,
                            status_name(reservation->status));
    *ret_changed = next != (int)reservation->status;
    reservation->status = (enum reservation_status)next;
    return STATUS_OK;
}

bool reservation_same(const struct reservation *a, const struct reservation *b)
{
    return a->order_id == b->order_id && a->line_count == b->line_count &&
           memcmp(a->lines, b->lines, a->line_count * sizeof *a->lines) == 0;
}

struct status reservation_hold(const struct reservation *reservation, struct stock *stocks,
                               const struct stock **ret_short)
{
    for (size_t i = 0; i < reservation->line_count; i++) {
        if (stock_has(&stocks[i], reservation->lines[i].quantity))
            continue;
        *ret_short = &stocks[i];
        return stock_hold(&stocks[i], reservation->lines[i].quantity); /* says why not */
    }
    for (size_t i = 0; i < reservation->line_count; i++)
        TRY(stock_hold(&stocks[i], reservation->lines[i].quantity));
    return STATUS_OK;
}

struct status reservation_end(const struct reservation *reservation, struct stock *stocks)
{
    for (size_t i = 0; i < reservation->line_count; i++) {
        const int64_t quantity = reservation->lines[i].quantity;
        if (reservation->status == RESERVATION_CONFIRMED)
            TRY(stock_confirm(&stocks[i], quantity));
        else
            TRY(stock_release(&stocks[i], quantity));
    }
    return STATUS_OK;
}
