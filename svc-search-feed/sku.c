#include "sku.h"

bool sku_take_prices(struct sku *sku, const void *prices, size_t size, int64_t version)
{
    if (version <= sku->price_version)
        return false;
    sku->prices = prices;
    sku->prices_size = size;
    sku->price_version = version;
    return true;
}

bool sku_take_stock(struct sku *sku, bool is_unlimited, int64_t free, int64_t version)
{
    if (version <= sku->stock_version)
        return false;
    sku->is_unlimited = is_unlimited;
    sku->free = free;
    sku->stock_version = version;
    return true;
}

bool sku_is_in_stock(const struct sku *sku)
{
    return sku->is_unlimited || sku->free > 0;
}
