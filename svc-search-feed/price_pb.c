#include "price_pb.h"

#include <string.h>

#include "io/pb.h"
#include "io/pb_time.h"
#include "souk/pricing/v1/events.types.h"
#include "souk/pricing/v1/pricing.types.h"

bool money_from_pb(const Money *message, struct money *ret)
{
    struct money money = {0};

    if (!message || strlen(message->currency) != sizeof money.currency - 1)
        return false;
    memcpy(money.currency, message->currency, sizeof money.currency);
    money.minor = message->minor;
    *ret = money;
    return true;
}

Money *money_to_pb(const struct money *money, struct arena *arena)
{
    Money *message = arena_new_of(arena, Money);

    money_init(message);
    message->currency = arena_strdup(arena, money->currency);
    message->minor = money->minor;
    return message;
}

/* A price without an amount, or of a kind that came later than this binary, does not count. */
static bool window_from_pb(const Price *message, struct price_window *ret)
{
    struct price_window window = {
        .from_us = pb_time_us(message->valid_from),
        .to_us = pb_time_us(message->valid_to),
        .version = message->version,
    };

    switch (message->kind) {
    case PRICE_KIND_BASE: window.kind = PRICE_BASE; break;
    case PRICE_KIND_SALE: window.kind = PRICE_SALE; break;
    default: return false;
    }
    if (!money_from_pb(message->amount, &window.amount))
        return false;
    *ret = window;
    return true;
}

bool price_list_unpack(const void *bytes, size_t size, struct arena *arena, struct price_list *ret)
{
    const PriceChanged *message = (const PriceChanged *)pb_unpack(
        &souk__pricing__v1__price_changed__descriptor, bytes, size, arena);

    if (!message)
        return false;
    struct price_window *windows = arena_array_of(arena, struct price_window, message->n_prices);
    size_t count = 0;
    for (size_t i = 0; i < message->n_prices; i++)
        count += window_from_pb(message->prices[i], &windows[count]);
    *ret = (struct price_list){.windows = windows, .count = count};
    return true;
}
