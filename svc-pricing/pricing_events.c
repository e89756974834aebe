#include "pricing_events.h"

#include "patterns/outbox.h"
#include "pricing_pb.h"
#include "souk/pricing/v1/events.types.h"

struct status pricing_tell_changed(const struct pricing *pricing, struct db_tx *tx,
                                   const struct sku_price *sku, const struct price *put,
                                   const struct price_list *list, int64_t now_us,
                                   struct arena *arena)
{
    PriceChanged message;

    price_changed_init(&message);
    message.sku_id = sku->sku_id;
    message.price = price_to_pb(sku->sku_id, sku->currency, put, arena);
    message.prices = arena_array_of(arena, Price *, list->count);
    for (size_t i = 0; i < list->count; i++)
        if (price_is_ahead(&list->prices[i], now_us))
            message.prices[message.n_prices++] =
                price_to_pb(sku->sku_id, sku->currency, &list->prices[i], arena);
    message.version = sku->event_version;
    return outbox_add_one(pricing->outbox, tx, &price_changed_event, &message.base);
}
