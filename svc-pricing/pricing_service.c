/*
 * PricingService, prices: what each method does is said in souk/pricing/v1/pricing.rpc.h. Quotes
 * are in quote_service.c.
 */
#include "effective_price.h"
#include "io/db.h"
#include "io/pb_time.h"
#include "io/request.h"
#include "patterns/idempotency.h"
#include "patterns/page_token.h"
#include "price_change_repo.h"
#include "price_repo.h"
#include "pricing.h"
#include "pricing_events.h"
#include "pricing_pb.h"
#include "sku_price_repo.h"
#include "souk/pricing/v1/pricing.rpc.h"

enum { PAGE_SIZE_DEFAULT = 50 };

static bool owns(const struct caller *caller, const struct sku_price *sku)
{
    switch (caller->role) {
    case ROLE_OPERATOR:
    case ROLE_SERVICE: return true;
    case ROLE_MERCHANT: return caller->shop_id == sku->shop_id;
    case ROLE_SUPPLIER: return caller->supplier_id == sku->supplier_id;
    default: return false;
    }
}

/* Of another's SKU the caller does not even learn that it is there. */
static struct status unknown(int64_t sku_id)
{
    return status_error(CODE_NOT_FOUND, REASON_SKU_UNKNOWN, "there is no SKU %lld",
                        (long long)sku_id);
}

/* The first price of a SKU: services make SKUs known, and say whose they are. */
static struct status insert_first(struct db_tx *tx, const struct request *rq,
                                  const SetPriceRequest *in, const struct money *amount,
                                  struct sku_price *ret)
{
    if (rq->caller.role != ROLE_SERVICE)
        return unknown(in->sku_id);
    *ret = sku_price_new(in->sku_id, amount, in->shop_id, in->supplier_id);
    const struct status st = sku_price_repo_insert(tx, ret);
    if (status_is(&st, "DUPLICATE_KEY"))
        return status_error(CODE_ABORTED, "CONTENTION", "SKU %lld was just made known",
                            (long long)in->sku_id);
    return st;
}

static struct status lock_or_insert(struct db_tx *tx, const struct request *rq,
                                    const SetPriceRequest *in, const struct money *amount,
                                    struct sku_price *ret)
{
    bool found;

    TRY(sku_price_repo_lock(tx, in->sku_id, ret, &found));
    if (!found)
        return insert_first(tx, rq, in, amount, ret);
    return owns(&rq->caller, ret) ? STATUS_OK : unknown(in->sku_id);
}

/* Of a SKU whose row is locked. */
static struct status put(const struct pricing *pricing, struct db_tx *tx, const struct request *rq,
                         const struct sku_price *sku, const struct price *want, const char *comment)
{
    struct price_list before, after;

    TRY(price_repo_list(tx, sku->sku_id, rq->now_us, rq->arena, &before));
    TRY(price_put(&before, want, rq->now_us, rq->arena, &after));
    const struct price_change change = price_change_make(want, &before, comment);
    TRY(price_change_repo_insert(tx, sku->sku_id, &change));
    TRY(price_repo_save(tx, pricing->ids, sku, &after, rq->arena));
    TRY(sku_price_repo_save(tx, sku));
    return pricing_tell_changed(pricing, tx, sku, want, &after, rq->now_us, rq->arena);
}

struct status pricing_set_price(struct request *rq, const SetPriceRequest *in,
                                SetPriceResponse *ret)
{
    const struct pricing *pricing = rq->service;
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct sku_price sku;
    struct price want;
    struct money amount;
    bool replayed;

    TRY(price_from_pb(rq, in, &want, &amount));
    TRY(db_tx_begin(&tx, pricing->db));
    TRY(idempotency_claim(&tx, rq, &in->base, &ret->base, &replayed));
    if (replayed)
        return STATUS_OK;
    TRY(request_blame(rq, "valid_to", price_window(want.from_us, want.to_us, rq->now_us, &want)));
    TRY(lock_or_insert(&tx, rq, in, &amount, &sku));
    TRY(request_blame(rq, "amount.currency", sku_price_change(&sku, in->version, &amount)));
    want.version = sku.version;
    TRY(put(pricing, &tx, rq, &sku, &want, in->comment));
    ret->price = price_to_pb(sku.sku_id, sku.currency, &want, rq->arena);
    TRY(idempotency_store(&tx, rq, &ret->base));
    return db_tx_commit(&tx);
}

/* What a SKU will cost anybody may ask; what it cost is for the books. */
static struct status read_time(struct request *rq, const BatchGetPricesRequest *in, int64_t *ret)
{
    const bool sees_past = rq->caller.role == ROLE_OPERATOR || rq->caller.role == ROLE_SERVICE;

    *ret = in->at ? pb_time_us(in->at) : rq->now_us;
    if (*ret >= rq->now_us || sees_past)
        return STATUS_OK;
    error_details_field(&rq->details, rq->arena, "at", "must not be in the past");
    return status_error(CODE_INVALID_ARGUMENT, "INVALID_FIELD", "at must not be in the past");
}

struct status pricing_batch_get_prices(struct request *rq, const BatchGetPricesRequest *in,
                                       BatchGetPricesResponse *ret)
{
    const struct pricing *pricing = rq->service;
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct effective_price price;
    struct priced_skus skus;
    int64_t at_us;

    TRY(read_time(rq, in, &at_us));
    TRY(db_read_begin(&tx, pricing->db));
    TRY(price_repo_find_at(&tx, in->sku_ids, in->n_sku_ids, at_us, rq->arena, &skus));
    ret->prices = arena_array_of(rq->arena, SkuPrice *, in->n_sku_ids);
    ret->missing_sku_ids = arena_array_of(rq->arena, int64_t, in->n_sku_ids);
    for (size_t i = 0; i < in->n_sku_ids; i++) {
        if (effective_price_find(&skus, in->sku_ids[i], at_us, &price))
            ret->prices[ret->n_prices++] = effective_price_to_pb(&price, rq->arena);
        else
            ret->missing_sku_ids[ret->n_missing_sku_ids++] = in->sku_ids[i];
    }
    return STATUS_OK;
}

static struct status find_own(struct db_tx *tx, const struct request *rq, int64_t sku_id,
                              struct sku_price *ret)
{
    bool found;

    TRY(sku_price_repo_find(tx, sku_id, ret, &found));
    return found && owns(&rq->caller, ret) ? STATUS_OK : unknown(sku_id);
}

static uint64_t history_digest(const GetPriceHistoryRequest *in, struct arena *arena)
{
    GetPriceHistoryRequest list = *in;

    list.page_size = 0;
    list.page_token = NULL;
    return page_list_digest(&list.base, arena);
}

struct status pricing_get_price_history(struct request *rq, const GetPriceHistoryRequest *in,
                                        GetPriceHistoryResponse *ret)
{
    const struct pricing *pricing = rq->service;
    const uint64_t digest = history_digest(in, rq->arena);
    const size_t page = in->page_size ? (size_t)in->page_size : PAGE_SIZE_DEFAULT;
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct price_change *changes;
    int64_t before_version = INT64_MAX;
    struct sku_price sku;
    size_t count;

    if (*in->page_token)
        TRY(request_blame(rq, "page_token",
                          page_token_read(in->page_token, digest, &before_version, 1)));
    TRY(db_read_begin(&tx, pricing->db));
    TRY(find_own(&tx, rq, in->sku_id, &sku));
    TRY(price_change_repo_list(&tx, sku.sku_id, before_version, page + 1, rq->arena, &changes,
                               &count));
    ret->changes = arena_array_of(rq->arena, PriceChange *, page);
    for (; ret->n_changes < count && ret->n_changes < page; ret->n_changes++)
        ret->changes[ret->n_changes] =
            price_change_to_pb(sku.sku_id, sku.currency, &changes[ret->n_changes], rq->arena);
    if (ret->n_changes < count)
        ret->next_page_token =
            page_token_make(digest, &changes[ret->n_changes - 1].price.version, 1, rq->arena);
    return STATUS_OK;
}
