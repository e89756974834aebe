#include "price.h"

#include <stdlib.h>
#include <string.h>

/* A change leaves at most one piece on each side of the new price. */
enum { BEGUN_MAX = 3 };

struct status price_window(int64_t from_us, int64_t to_us, int64_t now_us, struct price *ret)
{
    const int64_t from = from_us > now_us ? from_us : now_us;

    if (to_us <= from)
        return status_error(CODE_INVALID_ARGUMENT, "WINDOW_EMPTY",
                            "valid_to is not after valid_from, or is past");
    ret->from_us = from;
    ret->to_us = to_us;
    return STATUS_OK;
}

static int by_kind_and_time(const void *a, const void *b)
{
    const struct price *left = a, *right = b;

    if (left->kind != right->kind)
        return left->kind < right->kind ? -1 : 1;
    return (left->from_us > right->from_us) - (left->from_us < right->from_us);
}

static bool overlaps(const struct price *a, const struct price *b)
{
    return a->kind == b->kind && a->from_us < b->to_us && b->from_us < a->to_us;
}

static void begin(struct price_list *list, const struct price *of, int64_t from_us, int64_t to_us)
{
    if (from_us >= to_us)
        return;
    struct price *piece = &list->prices[list->count++];
    *piece = *of;
    piece->id = 0;
    piece->ended = false;
    piece->from_us = from_us;
    piece->to_us = to_us;
}

static void cut(struct price_list *list, struct price *price, const struct price *by)
{
    price->ended = true;
    begin(list, price, price->from_us, by->from_us);
    begin(list, price, by->to_us, price->to_us);
}

static bool has_next(const struct price_list *list, const struct price *price)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->prices[i].kind == price->kind && !list->prices[i].ended &&
            list->prices[i].from_us == price->to_us)
            return true;
    return false;
}

/* Base prices follow each other without a gap, and the last one is valid until further notice. */
static struct status check_no_gap(const struct price_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct price *price = &list->prices[i];
        if (price->kind == PRICE_BASE && !price->ended && price->to_us != PRICE_FOREVER_US &&
            !has_next(list, price))
            return status_error(CODE_FAILED_PRECONDITION, "BASE_PRICE_GAP",
                                "there would be a time without a base price");
    }
    return STATUS_OK;
}

/* Without gaps a base price at the start is one for the whole window. */
static struct status check_base(const struct price_list *list, const struct price *sale)
{
    if (price_at(list, PRICE_BASE, sale->from_us))
        return STATUS_OK;
    return status_error(CODE_FAILED_PRECONDITION, "NO_BASE_PRICE",
                        "there is no base price when the sale starts");
}

bool price_is_ahead(const struct price *price, int64_t now_us)
{
    return !price->ended && price->to_us > now_us;
}

static struct status check_count(const struct price_list *list, int64_t now_us)
{
    size_t ahead = 0;

    for (size_t i = 0; i < list->count; i++)
        ahead += price_is_ahead(&list->prices[i], now_us);
    if (ahead <= PRICES_MAX)
        return STATUS_OK;
    return status_error(CODE_FAILED_PRECONDITION, "TOO_MANY_PRICES",
                        "a SKU has at most %d prices that are valid now or later", PRICES_MAX);
}

struct status price_put(const struct price_list *list, const struct price *want, int64_t now_us,
                        struct arena *arena, struct price_list *ret)
{
    struct price_list after = {
        .prices = arena_array_of(arena, struct price, list->count + BEGUN_MAX),
        .count = list->count,
    };

    if (list->count)
        memcpy(after.prices, list->prices, list->count * sizeof *list->prices);
    for (size_t i = 0; i < list->count; i++)
        if (overlaps(&after.prices[i], want))
            cut(&after, &after.prices[i], want);
    begin(&after, want, want->from_us, want->to_us);
    TRY(want->kind == PRICE_BASE ? check_no_gap(&after) : check_base(&after, want));
    TRY(check_count(&after, now_us));
    qsort(after.prices, after.count, sizeof *after.prices, by_kind_and_time);
    *ret = after;
    return STATUS_OK;
}

const struct price *price_at(const struct price_list *list, enum price_kind kind, int64_t at_us)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct price *price = &list->prices[i];
        if (price->kind == kind && !price->ended && price->from_us <= at_us && at_us < price->to_us)
            return price;
    }
    return NULL;
}

struct money price_amount(const struct price *price, const char currency[4])
{
    struct money amount = {.minor = price->amount_minor};

    memcpy(amount.currency, currency, sizeof amount.currency);
    return amount;
}
