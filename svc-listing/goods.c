#include "goods.h"

#include <string.h>

const struct attribute *attribute_find(const struct attribute_list *attributes, const char *code)
{
    for (size_t i = 0; i < attributes->count; i++)
        if (strcmp(attributes->list[i].code, code) == 0)
            return &attributes->list[i];
    return NULL;
}

const struct attribute *goods_attribute(const struct goods *goods, const struct sku *sku,
                                        const char *code)
{
    const struct attribute *own = attribute_find(&sku->attributes, code);
    return own ? own : attribute_find(&goods->attributes, code);
}

static const char *sku_field(struct violations *violations, size_t index, const char *field)
{
    return arena_printf(violations->arena, "draft.skus[%zu].%s", index, field);
}

static void check_code(const struct goods *goods, size_t index, struct violations *violations)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(goods->skus[i].code, goods->skus[index].code) == 0) {
            violations_add(violations, sku_field(violations, index, "sku_code"),
                           "is that of skus[%zu] too", i);
            return;
        }
}

static void check_price(const struct goods *goods, size_t index, struct violations *violations)
{
    const struct money price = goods->skus[index].price;

    if (!currency_is_known(price.currency))
        violations_add_reason(violations, "CURRENCY_UNKNOWN",
                              sku_field(violations, index, "base_price.currency"),
                              "%s is no currency", price.currency);
    else if (!money_same_currency(price, goods->skus[0].price))
        violations_add_reason(violations, "CURRENCY_MISMATCH",
                              sku_field(violations, index, "base_price.currency"),
                              "must be the same in all SKUs");
    if (price.minor < 0)
        violations_add(violations, sku_field(violations, index, "base_price.minor"),
                       "must not be negative");
    if (price.minor > GOODS_PRICE_MAX)
        violations_add(violations, sku_field(violations, index, "base_price.minor"),
                       "must be at most %lld", (long long)GOODS_PRICE_MAX);
}

void goods_check(const struct goods *goods, struct violations *violations)
{
    for (size_t i = 0; i < goods->sku_count; i++) {
        check_code(goods, i, violations);
        check_price(goods, i, violations);
        if (goods->skus[i].unlimited && goods->skus[i].stock)
            violations_add(violations, sku_field(violations, i, "stock_quantity"),
                           "must be 0 for an unlimited SKU");
    }
}
