#pragma once

/*
 * pricing_pb: between messages and the domain.
 */

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "effective_price.h"
#include "price.h"
#include "price_change.h"
#include "quote.h"
#include "souk/pricing/v1/pricing.types.h"

struct request;

/*
 * The price that is asked for, but for its window, and its amount. INVALID_ARGUMENT
 * CURRENCY_UNKNOWN, INVALID_FIELD.
 */
MUST_USE struct status price_from_pb(struct request *rq, const SetPriceRequest *in,
                                     struct price *ret, struct money *ret_amount);

MUST_USE Price *price_to_pb(int64_t sku_id, const char currency[4], const struct price *price,
                            struct arena *arena);
MUST_USE PriceChange *price_change_to_pb(int64_t sku_id, const char currency[4],
                                         const struct price_change *change, struct arena *arena);
MUST_USE SkuPrice *effective_price_to_pb(const struct effective_price *price, struct arena *arena);

/* SKUs and quantities; lines are in the arena. */
void quote_lines_from_pb(const CreateQuoteRequest *in, struct arena *arena, struct quote *ret);
MUST_USE Quote *quote_to_pb(const struct quote *quote, struct arena *arena);
