/*
 * PricingService, quotes: what each method does is said in souk/pricing/v1/pricing.rpc.h. Prices
 * are in pricing_service.c.
 */
#include <string.h>

#include "base/str.h"
#include "effective_price.h"
#include "io/db.h"
#include "io/pb.h"
#include "io/pb_time.h"
#include "io/request.h"
#include "patterns/ids.h"
#include "price_repo.h"
#include "pricing.h"
#include "pricing_pb.h"
#include "quote.h"
#include "quote_token.h"
#include "redemption_repo.h"
#include "souk/pricing/v1/pricing.rpc.h"

static struct status invalid_field(struct request *rq, const char *field, const char *why)
{
    error_details_field(&rq->details, rq->arena, field, why);
    return status_error(CODE_INVALID_ARGUMENT, "INVALID_FIELD", "%s %s", field, why);
}

static struct status read_user(struct request *rq, const CreateQuoteRequest *in, int64_t *ret)
{
    if (rq->caller.role == ROLE_SERVICE) {
        *ret = in->user_id;
        return in->user_id ? STATUS_OK : invalid_field(rq, "user_id", "is required of a service");
    }
    *ret = rq->caller.user_id;
    if (in->user_id && in->user_id != rq->caller.user_id)
        return invalid_field(rq, "user_id", "may only be named by a service");
    return STATUS_OK;
}

static struct status read_time(struct request *rq, const CreateQuoteRequest *in, int64_t *ret)
{
    *ret = in->at ? pb_time_us(in->at) : rq->now_us;
    if (in->at && rq->caller.role != ROLE_SERVICE)
        return invalid_field(rq, "at", "may only be said by a service");
    return STATUS_OK;
}

static struct status refuse_extras(struct request *rq, const CreateQuoteRequest *in)
{
    if (*in->coupon_code)
        return request_blame(
            rq, "coupon_code",
            status_error(CODE_INVALID_ARGUMENT, REASON_COUPON_UNKNOWN, "there are no coupons yet"));
    if (in->coins)
        return request_blame(
            rq, "coins",
            status_error(CODE_INVALID_ARGUMENT, REASON_COINS_UNKNOWN, "there are no coins yet"));
    return STATUS_OK;
}

static struct status find_prices(const struct pricing *pricing, const struct quote *quote,
                                 int64_t at_us, struct arena *arena, struct priced_skus *ret)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    int64_t *sku_ids = arena_array_of(arena, int64_t, quote->line_count);

    for (size_t i = 0; i < quote->line_count; i++)
        sku_ids[i] = quote->lines[i].sku_id;
    TRY(db_read_begin(&tx, pricing->db));
    return price_repo_find_at(&tx, sku_ids, quote->line_count, at_us, arena, ret);
}

/* Names some: 200 ids would be too long for a trailer, and BatchGetPrices finds them all. */
static struct status not_priced(struct request *rq, const int64_t *sku_ids, size_t count)
{
    enum { NAMED_MAX = 12 };
    AUTO(str_release) struct str named = {0};

    for (size_t i = 0; i < count && i < NAMED_MAX; i++)
        str_printf(&named, "%s%lld", i ? "," : "", (long long)sku_ids[i]);
    error_details_add(&rq->details, rq->arena, "sku_ids", "%s", str_text(&named));
    return status_error(CODE_FAILED_PRECONDITION, REASON_NOT_PRICED,
                        "%zu of the SKUs have no price", count);
}

static struct status price_lines(struct request *rq, struct quote *quote, int64_t at_us)
{
    int64_t *missing = arena_array_of(rq->arena, int64_t, quote->line_count);
    size_t missing_count = 0;
    struct priced_skus skus;

    TRY(find_prices(rq->service, quote, at_us, rq->arena, &skus));
    for (size_t i = 0; i < quote->line_count; i++) {
        struct quote_line *line = &quote->lines[i];
        if (!effective_price_find(&skus, line->sku_id, at_us, &line->price))
            missing[missing_count++] = line->sku_id;
    }
    return missing_count ? not_priced(rq, missing, missing_count) : STATUS_OK;
}

static struct status answer_quote(const struct pricing *pricing, const struct quote *quote,
                                  struct arena *arena, CreateQuoteResponse *ret)
{
    Quote *message = quote_to_pb(quote, arena);
    const struct pb_bytes bytes = pb_pack(&message->base, arena);

    TRY(quote_token_make(bytes.at, bytes.size, pricing->quote_secret, arena, &ret->quote_token));
    ret->quote = message;
    return STATUS_OK;
}

struct status pricing_create_quote(struct request *rq, const CreateQuoteRequest *in,
                                   CreateQuoteResponse *ret)
{
    const struct pricing *pricing = rq->service;
    struct quote quote = {
        .created_us = rq->now_us,
        .expires_us = rq->now_us + pricing->quote_life_us,
    };
    int64_t at_us;

    TRY(read_user(rq, in, &quote.user_id));
    TRY(read_time(rq, in, &at_us));
    TRY(refuse_extras(rq, in));
    quote_lines_from_pb(in, rq->arena, &quote);
    TRY(request_blame(rq, "lines", quote_check_lines(&quote)));
    TRY(price_lines(rq, &quote, at_us));
    TRY(request_blame(rq, "lines", quote_work_out(&quote)));
    TRY(ids_next(pricing->ids, &quote.id));
    return answer_quote(pricing, &quote, rq->arena, ret);
}

static struct status open_quote(const struct pricing *pricing, const RedeemQuoteRequest *in,
                                struct arena *arena, Quote **ret)
{
    const void *bytes;
    size_t size;

    TRY(quote_token_open(in->quote_token, pricing->quote_secret, arena, &bytes, &size));
    Quote *quote = (Quote *)pb_unpack(&souk__pricing__v1__quote__descriptor, bytes, size, arena);
    if (!quote)
        return status_error(CODE_INVALID_ARGUMENT, REASON_QUOTE_INVALID,
                            "quote_token carries no quote");
    if (quote->user_id != in->user_id)
        return status_error(CODE_FAILED_PRECONDITION, REASON_QUOTE_OF_ANOTHER_USER,
                            "quote %lld was made for somebody else", (long long)quote->quote_id);
    *ret = quote;
    return STATUS_OK;
}

/* The insert met a row: is it the same redemption, or one of the same quote or pay order? */
static struct status explain_duplicate(struct db_tx *tx, const struct redemption *want)
{
    struct redemption existing;
    bool found;

    TRY(redemption_repo_find(tx, want->id, &existing, &found));
    if (found)
        return redemption_repeat(&existing, want);
    TRY(redemption_repo_quote_is_taken(tx, want->quote_id, &found));
    if (found)
        return status_error(CODE_FAILED_PRECONDITION, REASON_QUOTE_REDEEMED,
                            "quote %lld was redeemed already", (long long)want->quote_id);
    TRY(redemption_repo_pay_order_is_taken(tx, want->pay_order_id, &found));
    if (found)
        return status_error(CODE_FAILED_PRECONDITION, REASON_PAY_ORDER_REDEEMED,
                            "pay order %lld has another quote", (long long)want->pay_order_id);
    return status_error(CODE_ABORTED, "CONTENTION", "what was in the way has just gone");
}

/* What was redeemed in time is answered again at any time. */
static struct status find_redeemed(const struct pricing *pricing, const struct redemption *want)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct redemption existing;
    bool found;

    TRY(db_read_begin(&tx, pricing->db));
    TRY(redemption_repo_find(&tx, want->id, &existing, &found));
    if (found)
        return redemption_repeat(&existing, want);
    return status_error(CODE_FAILED_PRECONDITION, REASON_QUOTE_EXPIRED, "quote %lld has expired",
                        (long long)want->quote_id);
}

static struct status redeem(const struct pricing *pricing, const struct redemption *want,
                            const char *caller)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_tx_begin(&tx, pricing->db));
    const struct status st = redemption_repo_insert(&tx, want, caller);
    if (status_is(&st, "DUPLICATE_KEY"))
        return explain_duplicate(&tx, want);
    TRY(st);
    return db_tx_commit(&tx);
}

struct status pricing_redeem_quote(struct request *rq, const RedeemQuoteRequest *in,
                                   RedeemQuoteResponse *ret)
{
    const struct pricing *pricing = rq->service;
    Quote *quote = NULL;

    TRY(open_quote(pricing, in, rq->arena, &quote));
    const struct redemption want = {
        .id = in->redemption_id,
        .status = REDEMPTION_REDEEMED,
        .quote_id = quote->quote_id,
        .pay_order_id = in->pay_order_id,
        .user_id = in->user_id,
    };
    if (rq->now_us < pb_time_us(quote->expire_time))
        TRY(redeem(pricing, &want, rq->caller.key));
    else
        TRY(find_redeemed(pricing, &want));
    ret->quote = quote;
    return STATUS_OK;
}

/* A redemption that is still on its way then finds this row in its place. */
static struct status remember_cancelled(struct db_tx *tx, const struct request *rq, int64_t id)
{
    const struct status st = redemption_repo_insert_cancelled(tx, id, rq->caller.key);
    if (status_is(&st, "DUPLICATE_KEY"))
        return status_error(CODE_ABORTED, "CONTENTION", "redemption %lld was just made",
                            (long long)id);
    return st;
}

struct status pricing_cancel_redemption(struct request *rq, const CancelRedemptionRequest *in,
                                        CancelRedemptionResponse *ret)
{
    const struct pricing *pricing = rq->service;
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct redemption redemption;
    bool found;

    (void)ret;
    TRY(db_tx_begin(&tx, pricing->db));
    TRY(redemption_repo_lock(&tx, in->redemption_id, &redemption, &found));
    if (!found)
        TRY(remember_cancelled(&tx, rq, in->redemption_id));
    else if (redemption_cancel(&redemption))
        TRY(redemption_repo_save_cancelled(&tx, in->redemption_id, rq->caller.key));
    return db_tx_commit(&tx);
}
