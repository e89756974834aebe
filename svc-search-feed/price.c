#include "price.h"

static bool is_valid_at(const struct price_window *window, int64_t now_us)
{
    return window->from_us <= now_us && (!window->to_us || now_us < window->to_us);
}

static bool goes_before(const struct price_window *a, const struct price_window *b)
{
    if (a->kind != b->kind)
        return a->kind == PRICE_SALE;
    return a->version > b->version;
}

bool price_at(const struct price_list *list, int64_t now_us, struct money *ret)
{
    const struct price_window *best = NULL;

    for (size_t i = 0; i < list->count; i++) {
        const struct price_window *window = &list->windows[i];
        if (is_valid_at(window, now_us) && (!best || goes_before(window, best)))
            best = window;
    }
    if (best)
        *ret = best->amount;
    return best;
}

static int64_t sooner(int64_t edge_us, int64_t now_us, int64_t soonest_us)
{
    if (edge_us <= now_us)
        return soonest_us;
    return !soonest_us || edge_us < soonest_us ? edge_us : soonest_us;
}

int64_t price_next_edge(const struct price_list *list, int64_t now_us)
{
    int64_t edge_us = 0;

    for (size_t i = 0; i < list->count; i++) {
        edge_us = sooner(list->windows[i].from_us, now_us, edge_us);
        edge_us = sooner(list->windows[i].to_us, now_us, edge_us);
    }
    return edge_us;
}

bool price_lowest(const struct money *prices, size_t count, struct money *ret)
{
    if (!count)
        return false;
    struct money lowest = prices[0];
    for (size_t i = 1; i < count; i++)
        if (money_same_currency(prices[i], lowest) && prices[i].minor < lowest.minor)
            lowest = prices[i];
    *ret = lowest;
    return true;
}

int64_t price_step(int64_t minor)
{
    int64_t power = 100;

    if (minor < power)
        return 0;
    while (minor / 10 >= power)
        power *= 10;
    return minor >= 5 * power ? 5 * power : minor >= 2 * power ? 2 * power : power;
}
