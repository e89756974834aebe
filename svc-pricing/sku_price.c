#include "sku_price.h"

#include <string.h>

struct sku_price sku_price_new(int64_t sku_id, const struct money *amount, int64_t shop_id,
                               int64_t supplier_id)
{
    struct sku_price sku = {.sku_id = sku_id, .shop_id = shop_id, .supplier_id = supplier_id};

    memcpy(sku.currency, amount->currency, sizeof sku.currency);
    return sku;
}

struct status sku_price_change(struct sku_price *sku, int64_t version, const struct money *amount)
{
    if (version != sku->version)
        return status_error(CODE_ABORTED, "VERSION_MISMATCH", "version is %lld, not %lld",
                            (long long)sku->version, (long long)version);
    if (strcmp(amount->currency, sku->currency) != 0)
        return status_error(CODE_INVALID_ARGUMENT, "CURRENCY_MISMATCH", "SKU %lld is sold in %s",
                            (long long)sku->sku_id, sku->currency);
    sku->version++;
    sku->event_version++;
    return STATUS_OK;
}
