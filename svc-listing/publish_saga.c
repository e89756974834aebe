#include "publish_saga.h"

#include "base/clock.h"
#include "catalog.h"
#include "goods_pb.h"
#include "io/db.h"
#include "io/rpc_client.h"
#include "item_pb.h"
#include "item_repo.h"
#include "listing_events.h"
#include "listing_flow.h"
#include "listing_goods.h"
#include "listing_repo.h"
#include "shelf.h"
#include "snapshot.h"
#include "snapshot_repo.h"
#include "souk/common/v1/types.types.h"
#include "souk/inventory/v1/inventory.client.h"
#include "souk/listing/v1/saga.types.h"
#include "souk/pricing/v1/pricing.client.h"

enum {
    STEP_ARENA_MAX = 16 * 1024 * 1024,
    DEADLINE_MS = 30 * 60 * 1000, /* the documents' limit for a task that does not get on */
};

static PublishState *state_of(const struct saga *saga)
{
    return (PublishState *)saga->state;
}

static struct status listing_gone(int64_t id)
{
    return status_error(CODE_INTERNAL, "INTERNAL", "listing %lld is gone", (long long)id);
}

/* Is it to be published, and by this saga? */
static bool is_ours(const struct saga *saga, const struct listing *listing)
{
    return listing->status == LISTING_APPROVED && listing->publish_saga_id == saga->id;
}

/* Locked, and ours. */
static struct status lock_listing(const struct saga *saga, struct db_tx *tx, struct arena *arena,
                                  struct listing *ret)
{
    bool found;

    TRY(listing_repo_lock(tx, state_of(saga)->listing_id, arena, ret, &found));
    if (!found)
        return listing_gone(state_of(saga)->listing_id);
    if (!is_ours(saga, ret))
        return status_error(CODE_FAILED_PRECONDITION, "ILLEGAL_TRANSITION",
                            "listing %lld is not to be published", (long long)ret->id);
    return STATUS_OK;
}

static struct item new_item(const struct saga *saga, const struct listing *listing,
                            enum item_status status)
{
    const int64_t now_us = clock_unix_us();

    return (struct item){
        .id = state_of(saga)->item_id,
        .listing_id = listing->id,
        .category_id = listing->category_id,
        .source = listing->source,
        .shop_id = listing->shop_id,
        .supplier_id = listing->supplier_id,
        .status = status,
        .version = 1,
        .title = "",
        .document = "",
        .created_us = now_us,
        .updated_us = now_us,
    };
}

static struct status insert_item(const struct saga *saga, struct db_tx *tx,
                                 const struct listing *listing, struct arena *arena)
{
    const PublishState *state = state_of(saga);
    struct item item = new_item(saga, listing, ITEM_HIDDEN);
    struct listing_goods read;

    TRY(listing_goods_read(tx, listing, arena, &read));
    item.physical = read.category.physical;
    item.title = read.goods.title;
    snapshot_digest(&item, &read.goods, state->sku_ids, item.digest);
    item_pack_document(&item, read.draft, state->sku_ids, arena);
    TRY(item_repo_insert(tx, &item));
    TRY(item_repo_insert_text(tx, item.id, read.draft->description));
    TRY(item_repo_insert_skus(tx, item.id, &read.goods, state->sku_ids, arena));
    return snapshot_repo_insert(tx, &item, &state->snapshot_id, 1, arena);
}

static struct status create_item(struct saga *saga)
{
    const struct catalog *catalog = saga->app;
    AUTO(arena_freep) struct arena *arena = arena_new(STEP_ARENA_MAX);
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct listing listing;
    struct item item;
    bool found;

    TRY(db_tx_begin(&tx, catalog->db));
    TRY(lock_listing(saga, &tx, arena, &listing));
    TRY(item_repo_lock(&tx, state_of(saga)->item_id, arena, &item, &found));
    if (found && item.status == ITEM_HIDDEN) /* by this step, before */
        return STATUS_OK;
    if (found)
        return status_error(CODE_FAILED_PRECONDITION, "ILLEGAL_TRANSITION",
                            "the publish was undone already");
    TRY(insert_item(saga, &tx, &listing, arena));
    return db_tx_commit(&tx);
}

/* Whether it was made or not: its row says from now on that it must not be. */
static struct status remove_item(struct saga *saga)
{
    const struct catalog *catalog = saga->app;
    const struct flow_cause cause = {
        .by = CATALOG_CALLER, .now_us = clock_unix_us(), .comment = "the publish was undone"};
    AUTO(arena_freep) struct arena *arena = arena_new(STEP_ARENA_MAX);
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct listing listing;
    struct item item;
    bool found;

    TRY(db_tx_begin(&tx, catalog->db));
    TRY(listing_repo_lock(&tx, state_of(saga)->listing_id, arena, &listing, &found));
    if (!found)
        return listing_gone(state_of(saga)->listing_id);
    TRY(item_repo_lock(&tx, state_of(saga)->item_id, arena, &item, &found));
    if (!found) {
        item = new_item(saga, &listing, ITEM_REMOVED);
        TRY(item_repo_insert(&tx, &item));
    } else if (item.status != ITEM_REMOVED) {
        TRY(shelf_move_item(&tx, &item, ITEM_REMOVED, &cause));
    }
    return db_tx_commit(&tx);
}

static struct status read_listing(const struct saga *saga, struct arena *arena, struct listing *ret,
                                  ItemDraft **ret_draft)
{
    const struct catalog *catalog = saga->app;
    AUTO(db_tx_end) struct db_tx tx = {0};
    bool found;

    TRY(db_read_begin(&tx, catalog->db));
    TRY(listing_repo_find(&tx, state_of(saga)->listing_id, arena, ret, &found));
    if (!found)
        return listing_gone(state_of(saga)->listing_id);
    return goods_unpack(ret->draft, ret->draft_size, arena, ret_draft);
}

/* A peer's refusal, as the seller is to read it. */
static struct status explain(const struct status *st, const char *what, const SkuDraft *sku,
                             const struct rpc_call *call)
{
    if (!status_is_refusal(st))
        return *st;
    if (call->details.violation_count)
        return status_error(st->code, st->reason, "%s of %s: %s %s", what, sku->sku_code,
                            call->details.violations[0].field,
                            call->details.violations[0].description);
    return status_error(st->code, st->reason, "%s of %s: %s", what, sku->sku_code, st->detail);
}

static struct status set_price(const struct saga *saga, size_t n, const struct listing *listing,
                               const SkuDraft *sku, struct arena *arena)
{
    const struct catalog *catalog = saga->app;
    struct rpc_call call = {.arena = arena};
    SetPriceRequest in;
    SetPriceResponse *answer;

    set_price_request_init(&in);
    in.request_id = arena_printf(arena, "%s/%zu", saga_step_id(saga), n);
    in.sku_id = state_of(saga)->sku_ids[n];
    in.kind = PRICE_KIND_BASE;
    in.amount = sku->base_price;
    in.shop_id = listing->shop_id;
    in.supplier_id = listing->supplier_id;
    const struct status st = pricing_client_set_price(catalog->pricing, &call, &in, &answer);
    return explain(&st, "price", sku, &call);
}

static struct status set_prices(struct saga *saga)
{
    AUTO(arena_freep) struct arena *arena = arena_new(STEP_ARENA_MAX);
    struct listing listing;
    ItemDraft *draft;

    TRY(read_listing(saga, arena, &listing, &draft));
    for (int32_t *done = &state_of(saga)->priced_skus; (size_t)*done < draft->n_skus; ++*done)
        TRY(set_price(saga, (size_t)*done, &listing, draft->skus[*done], arena));
    return STATUS_OK;
}

static struct status set_stock(const struct saga *saga, size_t n, const struct listing *listing,
                               const SkuDraft *sku, struct arena *arena)
{
    const struct catalog *catalog = saga->app;
    struct rpc_call call = {.arena = arena};
    SetStockRequest in;
    SetStockResponse *answer;

    set_stock_request_init(&in);
    in.request_id = arena_printf(arena, "%s/%zu", saga_step_id(saga), n);
    in.sku_id = state_of(saga)->sku_ids[n];
    in.model = sku->stock_model;
    in.on_hand = sku->stock_quantity;
    in.shop_id = listing->shop_id;
    in.supplier_id = listing->supplier_id;
    const struct status st = inventory_client_set_stock(catalog->inventory, &call, &in, &answer);
    return explain(&st, "stock", sku, &call);
}

static struct status set_stocks(struct saga *saga)
{
    AUTO(arena_freep) struct arena *arena = arena_new(STEP_ARENA_MAX);
    struct listing listing;
    ItemDraft *draft;

    TRY(read_listing(saga, arena, &listing, &draft));
    for (int32_t *done = &state_of(saga)->stocked_skus; (size_t)*done < draft->n_skus; ++*done)
        TRY(set_stock(saga, (size_t)*done, &listing, draft->skus[*done], arena));
    return STATUS_OK;
}

static struct status lock_item(const struct saga *saga, struct db_tx *tx, struct arena *arena,
                               struct item *ret)
{
    bool found;

    TRY(item_repo_lock(tx, state_of(saga)->item_id, arena, ret, &found));
    return found ? STATUS_OK
                 : status_error(CODE_INTERNAL, "INTERNAL", "item %lld is gone",
                                (long long)state_of(saga)->item_id);
}

static struct status go_online(struct saga *saga)
{
    const struct catalog *catalog = saga->app;
    const struct flow_cause cause = {
        .by = CATALOG_CALLER, .now_us = clock_unix_us(), .comment = ""};
    AUTO(arena_freep) struct arena *arena = arena_new(STEP_ARENA_MAX);
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct listing listing;
    struct item item;

    TRY(db_tx_begin(&tx, catalog->db));
    TRY(saga_pass_pivot(saga, &tx));
    TRY(lock_listing(saga, &tx, arena, &listing));
    TRY(lock_item(saga, &tx, arena, &item));
    TRY(shelf_move_item(&tx, &item, ITEM_ONLINE, &cause));
    listing.item_id = item.id;
    listing.publish_saga_id = 0;
    TRY(flow_apply(&tx, &listing, LISTING_PUBLISH, &cause));
    TRY(listing_tell_published(catalog, &tx, &item, arena));
    TRY(shelf_check_stock(catalog, &tx, &item, &listing, cause.now_us, arena));
    return db_tx_commit(&tx);
}

static struct status undone(struct saga *saga, struct db_tx *tx, const struct status *why)
{
    AUTO(arena_freep) struct arena *arena = arena_new(STEP_ARENA_MAX);
    struct listing listing;
    bool found;

    const struct flow_cause cause = {
        .by = CATALOG_CALLER,
        .now_us = clock_unix_us(),
        .comment = arena_printf(arena, "not published: %s: %s",
                                why->reason ? why->reason : code_name(why->code), why->detail),
    };
    TRY(listing_repo_lock(tx, state_of(saga)->listing_id, arena, &listing, &found));
    if (!found || !is_ours(saga, &listing))
        return STATUS_OK;
    return flow_fail(saga->app, tx, &listing, &cause, arena);
}

static const struct saga_step steps[] = {
    {"create_item", create_item, remove_item},
    {"set_prices", set_prices, NULL},
    {"set_stock", set_stocks, NULL},
    {"go_online", go_online, NULL}, /* pivot */
};

const struct saga_kind publish_saga = {
    .name = "publish",
    .state = &souk__listing__v1__publish_state__descriptor,
    .steps = steps,
    .step_count = ARRAY_LEN(steps),
    .pivot = ARRAY_LEN(steps) - 1,
    .deadline_ms = DEADLINE_MS,
    .background = true,
    .undone = undone,
};
