#include "effective_price.h"

#include <stdlib.h>

static int compare_id(const void *a, const void *b)
{
    const int64_t *sku_id = a;
    const struct priced_sku *sku = b;
    return (*sku_id > sku->sku.sku_id) - (*sku_id < sku->sku.sku_id);
}

bool effective_price_find(const struct priced_skus *skus, int64_t sku_id, int64_t at_us,
                          struct effective_price *ret)
{
    const struct priced_sku *found =
        skus->count ? bsearch(&sku_id, skus->skus, skus->count, sizeof *skus->skus, compare_id)
                    : NULL;
    const struct price *base = found ? price_at(&found->list, PRICE_BASE, at_us) : NULL;

    if (!base)
        return false;
    const struct price *sale = price_at(&found->list, PRICE_SALE, at_us);
    const struct price *decides = sale ? sale : base;
    *ret = (struct effective_price){
        .sku_id = sku_id,
        .base = price_amount(base, found->sku.currency),
        .amount = price_amount(decides, found->sku.currency),
        .kind = decides->kind,
        .price_version = decides->version,
        .version = found->sku.version,
    };
    return true;
}
