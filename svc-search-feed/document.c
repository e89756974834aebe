#include "document.h"

#include "base/clock.h"

static int64_t sooner(int64_t a_us, int64_t b_us)
{
    if (!a_us || !b_us)
        return a_us ? a_us : b_us;
    return a_us < b_us ? a_us : b_us;
}

struct document document_make(const struct item *item, const struct sku *skus,
                              const struct price_list *prices, size_t count, int64_t now_us)
{
    struct document document = {.item = *item};
    struct money found[DOCUMENT_SKUS_MAX];
    size_t priced = 0;

    BUG_ON(count > DOCUMENT_SKUS_MAX);
    for (size_t i = 0; i < count; i++) {
        if (price_at(&prices[i], now_us, &found[priced]))
            priced++;
        document.in_stock |= sku_is_in_stock(&skus[i]);
        document.stale_us = sooner(document.stale_us, price_next_edge(&prices[i], now_us));
    }
    document.in_stock &= item->status != ITEM_OUT_OF_STOCK;
    document.is_priced = price_lowest(found, priced, &document.price_from);
    return document;
}

const char *item_status_name(enum item_status status)
{
    static const char *const names[] = {
        [ITEM_UNKNOWN] = "UNKNOWN",   [ITEM_HIDDEN] = "HIDDEN",
        [ITEM_ONLINE] = "ONLINE",     [ITEM_OFFLINE] = "OFFLINE",
        [ITEM_MAINTAIN] = "MAINTAIN", [ITEM_OUT_OF_STOCK] = "OUT_OF_STOCK",
    };
    return names[status];
}

int64_t document_pause_us(unsigned failures)
{
    enum { DOUBLINGS_MAX = 9 };

    return CLOCK_US_PER_S << (failures < DOUBLINGS_MAX ? failures : DOUBLINGS_MAX);
}
