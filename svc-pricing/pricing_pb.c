#include "pricing_pb.h"

#include <stdio.h>

#include "io/pb_time.h"
#include "io/request.h"
#include "souk/common/v1/types.types.h"

static Money *money_to_pb(struct money money, struct arena *arena)
{
    Money *message = arena_new_of(arena, Money);

    money_init(message);
    message->currency = arena_strdup(arena, money.currency);
    message->minor = money.minor;
    return message;
}

static PriceKind kind_to_pb(enum price_kind kind)
{
    return kind == PRICE_SALE ? PRICE_KIND_SALE : PRICE_KIND_BASE;
}

static struct status check_amount(struct request *rq, const struct money *amount)
{
    if (amount->minor > 0 && amount->minor <= PRICE_AMOUNT_MAX)
        return STATUS_OK;
    error_details_field(&rq->details, rq->arena, "amount.minor",
                        "must be between 1 and 1000000000000");
    return status_error(CODE_INVALID_ARGUMENT, "INVALID_FIELD", "amount.minor is out of range");
}

struct status price_from_pb(struct request *rq, const SetPriceRequest *in, struct price *ret,
                            struct money *ret_amount)
{
    TRY(request_blame(rq, "amount.currency",
                      money_make(in->amount->currency, in->amount->minor, ret_amount)));
    TRY(check_amount(rq, ret_amount));
    *ret = (struct price){
        .kind = in->kind == PRICE_KIND_SALE ? PRICE_SALE : PRICE_BASE,
        .amount_minor = in->amount->minor,
        .from_us = in->valid_from ? pb_time_us(in->valid_from) : rq->now_us,
        .to_us = in->valid_to ? pb_time_us(in->valid_to) : PRICE_FOREVER_US,
        .set_us = rq->now_us,
    };
    snprintf(ret->set_by, sizeof ret->set_by, "%s", rq->caller.key);
    return STATUS_OK;
}

Price *price_to_pb(int64_t sku_id, const char currency[4], const struct price *price,
                   struct arena *arena)
{
    Price *message = arena_new_of(arena, Price);

    price_init(message);
    message->sku_id = sku_id;
    message->kind = kind_to_pb(price->kind);
    message->amount = money_to_pb(price_amount(price, currency), arena);
    message->valid_from = pb_timestamp(price->from_us, arena);
    if (price->to_us != PRICE_FOREVER_US)
        message->valid_to = pb_timestamp(price->to_us, arena);
    message->version = price->version;
    return message;
}

PriceChange *price_change_to_pb(int64_t sku_id, const char currency[4],
                                const struct price_change *change, struct arena *arena)
{
    PriceChange *message = arena_new_of(arena, PriceChange);

    price_change_init(message);
    message->price = price_to_pb(sku_id, currency, &change->price, arena);
    if (change->old_amount_minor != PRICE_NONE) {
        message->old_amount = money_to_pb(price_amount(&change->price, currency), arena);
        message->old_amount->minor = change->old_amount_minor;
    }
    message->comment = arena_strdup(arena, change->comment);
    message->changed_by = arena_strdup(arena, change->price.set_by);
    message->change_time = pb_timestamp(change->price.set_us, arena);
    return message;
}

SkuPrice *effective_price_to_pb(const struct effective_price *price, struct arena *arena)
{
    SkuPrice *message = arena_new_of(arena, SkuPrice);

    sku_price_init(message);
    message->sku_id = price->sku_id;
    message->amount = money_to_pb(price->amount, arena);
    message->base_amount = money_to_pb(price->base, arena);
    message->kind = kind_to_pb(price->kind);
    message->version = price->version;
    return message;
}

void quote_lines_from_pb(const CreateQuoteRequest *in, struct arena *arena, struct quote *ret)
{
    ret->line_count = in->n_lines;
    ret->lines = arena_array_of(arena, struct quote_line, in->n_lines);
    for (size_t i = 0; i < in->n_lines; i++) {
        ret->lines[i].sku_id = in->lines[i]->sku_id;
        ret->lines[i].quantity = in->lines[i]->quantity;
    }
}

/* Short, because 200 of it have to fit a token. */
static Adjustment *adjustment_to_pb(const struct quote_line *line, struct arena *arena)
{
    Adjustment *message = arena_new_of(arena, Adjustment);

    adjustment_init(message);
    message->kind = ADJUSTMENT_KIND_SALE;
    message->source = arena_printf(arena, "price:%lld/%lld", (long long)line->sku_id,
                                   (long long)line->price.price_version);
    message->explanation = arena_strdup(arena, "sale price");
    message->amount = money_to_pb(line->adjustment, arena);
    return message;
}

static QuoteLine *line_to_pb(const struct quote_line *line, struct arena *arena)
{
    QuoteLine *message = arena_new_of(arena, QuoteLine);

    quote_line_init(message);
    message->sku_id = line->sku_id;
    message->quantity = line->quantity;
    message->base_amount = money_to_pb(line->price.base, arena);
    if (line->adjustment.minor) {
        message->n_adjustments = 1;
        message->adjustments = arena_array_of(arena, Adjustment *, 1);
        message->adjustments[0] = adjustment_to_pb(line, arena);
    }
    message->total = money_to_pb(line->total, arena);
    return message;
}

Quote *quote_to_pb(const struct quote *quote, struct arena *arena)
{
    Quote *message = arena_new_of(arena, Quote);
    struct money no_tax = quote->total;

    no_tax.minor = 0;
    quote_init(message);
    message->quote_id = quote->id;
    message->user_id = quote->user_id;
    message->n_lines = quote->line_count;
    message->lines = arena_array_of(arena, QuoteLine *, quote->line_count);
    for (size_t i = 0; i < quote->line_count; i++)
        message->lines[i] = line_to_pb(&quote->lines[i], arena);
    message->subtotal = money_to_pb(quote->subtotal, arena);
    message->adjustment_total = money_to_pb(quote->adjustment, arena);
    message->tax = money_to_pb(no_tax, arena);
    message->total = money_to_pb(quote->total, arena);
    message->create_time = pb_timestamp(quote->created_us, arena);
    message->expire_time = pb_timestamp(quote->expires_us, arena);
    return message;
}
