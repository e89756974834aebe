#include "stock.h"

struct stock stock_new(int64_t sku_id, enum stock_model model, int64_t shop_id, int64_t supplier_id)
{
    return (struct stock){
        .sku_id = sku_id, .model = model, .shop_id = shop_id, .supplier_id = supplier_id};
}

int64_t stock_on_hand(const struct stock *stock)
{
    return stock->model == STOCK_UNLIMITED ? 0 : stock->free + stock->held;
}

bool stock_has(const struct stock *stock, int64_t quantity)
{
    return stock->model == STOCK_UNLIMITED || stock->free >= quantity;
}

static struct status unlimited(enum code code, const struct stock *stock)
{
    return status_error(code, "STOCK_UNLIMITED", "SKU %lld is unlimited", (long long)stock->sku_id);
}

struct status stock_set(struct stock *stock, int64_t on_hand, int64_t version)
{
    if (version != stock->version)
        return status_error(CODE_ABORTED, "VERSION_MISMATCH", "version is %lld, not %lld",
                            (long long)stock->version, (long long)version);
    if (stock->model == STOCK_UNLIMITED && on_hand)
        return unlimited(CODE_INVALID_ARGUMENT, stock);
    if (stock->model == STOCK_QUANTITY) {
        if (on_hand < stock->held)
            return status_error(CODE_FAILED_PRECONDITION, "ON_HAND_BELOW_HELD",
                                "%lld are held for orders", (long long)stock->held);
        stock->free = on_hand - stock->held;
    }
    stock->version++;
    return STATUS_OK;
}

static struct status insufficient(const struct stock *stock, int64_t wanted)
{
    return status_error(CODE_FAILED_PRECONDITION, "INSUFFICIENT_STOCK",
                        "SKU %lld: %lld wanted, %lld free", (long long)stock->sku_id,
                        (long long)wanted, (long long)stock->free);
}

struct status stock_adjust(struct stock *stock, int64_t delta)
{
    if (stock->model == STOCK_UNLIMITED)
        return unlimited(CODE_FAILED_PRECONDITION, stock);
    if (stock->free + delta < 0)
        return insufficient(stock, -delta);
    if (stock_on_hand(stock) + delta > STOCK_MAX)
        return status_error(CODE_INVALID_ARGUMENT, "INVALID_FIELD",
                            "more than %lld on hand are not counted", STOCK_MAX);
    stock->free += delta;
    stock->version++;
    return STATUS_OK;
}

struct status stock_hold(struct stock *stock, int64_t quantity)
{
    if (!stock_has(stock, quantity)) {
        if (stock->free)
            return insufficient(stock, quantity);
        return status_error(CODE_FAILED_PRECONDITION, "SOLD_OUT", "SKU %lld is sold out",
                            (long long)stock->sku_id);
    }
    if (stock->model == STOCK_QUANTITY)
        stock->free -= quantity;
    stock->held += quantity;
    return STATUS_OK;
}

static struct status check_held(const struct stock *stock, int64_t quantity)
{
    if (stock->held >= quantity)
        return STATUS_OK;
    return status_error(CODE_INTERNAL, "HELD_MISMATCH", "SKU %lld: %lld of %lld held",
                        (long long)stock->sku_id, (long long)quantity, (long long)stock->held);
}

struct status stock_release(struct stock *stock, int64_t quantity)
{
    TRY(check_held(stock, quantity));
    stock->held -= quantity;
    if (stock->model == STOCK_QUANTITY)
        stock->free += quantity;
    return STATUS_OK;
}

struct status stock_confirm(struct stock *stock, int64_t quantity)
{
    TRY(check_held(stock, quantity));
    stock->held -= quantity;
    stock->sold += quantity;
    return STATUS_OK;
}
