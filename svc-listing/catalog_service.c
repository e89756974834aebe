/*
 * CatalogService: what each method does is said in souk/listing/v1/catalog.rpc.h.
 */
#include "caller.h"
#include "catalog.h"
#include "io/db.h"
#include "io/pb_time.h"
#include "io/request.h"
#include "item_pb.h"
#include "item_repo.h"
#include "listing_pb.h"
#include "patterns/idempotency.h"
#include "patterns/page_token.h"
#include "shelf.h"
#include "snapshots.h"
#include "souk/listing/v1/catalog.rpc.h"

enum {
    PAGE_SIZE_DEFAULT = 50,
    SCAN_MAX = 1000, /* items that a page looks at */
    ANSWER_SIZE_MAX = 3 * 1024 * 1024,
};

static struct status unknown(int64_t id)
{
    return status_error(CODE_NOT_FOUND, REASON_ITEM_UNKNOWN, "there is no item %lld",
                        (long long)id);
}

static struct status find_item(struct db_tx *tx, const struct request *rq, int64_t id,
                               struct item *ret)
{
    bool found;

    TRY(item_repo_find(tx, id, rq->arena, ret, &found));
    return found && caller_sees_item(&rq->caller, ret) ? STATUS_OK : unknown(id);
}

struct status catalog_get_item(struct request *rq, const GetItemRequest *in, GetItemResponse *ret)
{
    const struct catalog *catalog = rq->service;
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct item item;

    TRY(db_read_begin(&tx, catalog->db));
    TRY(find_item(&tx, rq, in->item_id, &item));
    return item_to_pb(&item, rq->arena, &ret->item);
}

static const struct item *item_of_id(const struct item *items, size_t count, int64_t id)
{
    for (size_t i = 0; i < count; i++)
        if (items[i].id == id)
            return &items[i];
    return NULL;
}

struct status catalog_batch_get_items(struct request *rq, const BatchGetItemsRequest *in,
                                      BatchGetItemsResponse *ret)
{
    const struct catalog *catalog = rq->service;
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct item *items;
    size_t count, size = 0;

    TRY(db_read_begin(&tx, catalog->db));
    TRY(item_repo_find_many(&tx, in->item_ids, in->n_item_ids, rq->arena, &items, &count));
    ret->items = arena_array_of(rq->arena, Item *, in->n_item_ids);
    ret->missing_item_ids = arena_array_of(rq->arena, int64_t, in->n_item_ids);
    for (size_t i = 0; i < in->n_item_ids; i++) {
        const struct item *item = item_of_id(items, count, in->item_ids[i]);
        if (!item || !caller_sees_item(&rq->caller, item)) {
            ret->missing_item_ids[ret->n_missing_item_ids++] = in->item_ids[i];
            continue;
        }
        size += item->document_size;
        if (size > ANSWER_SIZE_MAX)
            return request_blame(rq, "item_ids",
                                 status_error(CODE_INVALID_ARGUMENT, REASON_ANSWER_TOO_LARGE,
                                              "ask for fewer items at once"));
        TRY(item_to_pb(item, rq->arena, &ret->items[ret->n_items++]));
    }
    return STATUS_OK;
}

/* What the caller may find at all: false where that is nothing. */
static bool limit_to_caller(const struct caller *caller, struct item_query *query)
{
    switch (caller->role) {
    case ROLE_OPERATOR:
    case ROLE_SERVICE: return true;
    case ROLE_MERCHANT:
        if (query->shop_id && query->shop_id != caller->shop_id)
            return false;
        query->shop_id = caller->shop_id;
        return true;
    case ROLE_SUPPLIER:
        if (query->supplier_id && query->supplier_id != caller->supplier_id)
            return false;
        query->supplier_id = caller->supplier_id;
        return true;
    default:
        if (query->status != ITEM_ANY && query->status != ITEM_ONLINE)
            return false;
        query->status = ITEM_ONLINE;
        return true;
    }
}

/* Does each item that is looked at fit? Then no more than the page need be looked at. */
static bool all_fit(const struct item_query *query)
{
    const int owners = (query->shop_id != 0) + (query->supplier_id != 0) +
                       (query->category_count != 0);

    return owners <= 1 && query->category_count <= 1 && !query->source &&
           query->status == ITEM_ANY && !query->created_from_us &&
           query->created_to_us == ITEM_TIME_END && !*query->keyword;
}

static struct item_query query_from_pb(const QueryItemsRequest *in)
{
    return (struct item_query){
        .category_ids = in->category_ids,
        .category_count = in->n_category_ids,
        .source = source_from_pb(in->source),
        .status = item_status_from_pb(in->status),
        .shop_id = in->shop_id,
        .supplier_id = in->supplier_id,
        .created_from_us = pb_time_us(in->create_time_from),
        .created_to_us = in->create_time_to ? pb_time_us(in->create_time_to) : ITEM_TIME_END,
        .keyword = in->keyword,
        .before_id = INT64_MAX,
    };
}

static uint64_t query_digest(const QueryItemsRequest *in, struct arena *arena)
{
    QueryItemsRequest list = *in;

    list.page_size = 0;
    list.page_token = NULL;
    return page_list_digest(&list.base, arena);
}

/* As many as fit an answer, at least one. */
static struct status fill_page(struct db_tx *tx, const int64_t *ids, size_t count,
                               struct arena *arena, QueryItemsResponse *ret)
{
    struct item *items;
    size_t found, size = 0;

    if (!count)
        return STATUS_OK;
    TRY(item_repo_find_many(tx, ids, count, arena, &items, &found));
    ret->items = arena_array_of(arena, Item *, count);
    for (size_t i = 0; i < count; i++) {
        const struct item *item = item_of_id(items, found, ids[i]);
        if (!item) /* items are never deleted */
            return status_error(CODE_INTERNAL, "INTERNAL", "item %lld is gone", (long long)ids[i]);
        size += item->document_size;
        if (ret->n_items && size > ANSWER_SIZE_MAX)
            break;
        TRY(item_to_pb(item, arena, &ret->items[ret->n_items++]));
    }
    return STATUS_OK;
}

struct status catalog_query_items(struct request *rq, const QueryItemsRequest *in,
                                  QueryItemsResponse *ret)
{
    const struct catalog *catalog = rq->service;
    const uint64_t digest = query_digest(in, rq->arena);
    const size_t page = in->page_size ? (size_t)in->page_size : PAGE_SIZE_DEFAULT;
    struct item_query query = query_from_pb(in);
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct item_scan scan;

    if (*in->page_token)
        TRY(request_blame(rq, "page_token",
                          page_token_read(in->page_token, digest, &query.before_id, 1)));
    if (!limit_to_caller(&rq->caller, &query))
        return STATUS_OK;
    query.most = all_fit(&query) ? page + 1 : SCAN_MAX;
    TRY(db_read_begin(&tx, catalog->db));
    TRY(item_repo_scan(&tx, &query, rq->arena, &scan));
    TRY(fill_page(&tx, scan.ids, scan.count < page ? scan.count : page, rq->arena, ret));
    if (ret->n_items < scan.count)
        ret->next_page_token = page_token_make(digest, &scan.ids[ret->n_items - 1], 1, rq->arena);
    else if (scan.looked_at == query.most)
        ret->next_page_token = page_token_make(digest, &scan.last_id, 1, rq->arena);
    return STATUS_OK;
}

static struct status wanted_status(struct request *rq, ItemStatus status, enum item_status *ret)
{
    const int wanted = item_status_from_pb(status);

    if (wanted == ITEM_HIDDEN || wanted == ITEM_ANY) {
        error_details_field(&rq->details, rq->arena, "status",
                            "must be ONLINE, OFFLINE, MAINTAIN or OUT_OF_STOCK");
        return status_error(CODE_INVALID_ARGUMENT, "INVALID_FIELD", "no item is made so");
    }
    *ret = (enum item_status)wanted;
    return STATUS_OK;
}

static struct status find_own_item(struct db_tx *tx, const struct request *rq, int64_t id,
                                   struct item *ret)
{
    TRY(find_item(tx, rq, id, ret));
    return caller_owns(&rq->caller, ret->shop_id, ret->supplier_id) ? STATUS_OK : unknown(id);
}

struct status catalog_change_item_status(struct request *rq, const ChangeItemStatusRequest *in,
                                         ChangeItemStatusResponse *ret)
{
    const struct catalog *catalog = rq->service;
    const struct flow_cause cause = {
        .by = rq->caller.key, .now_us = rq->now_us, .comment = in->comment};
    AUTO(db_tx_end) struct db_tx tx = {0};
    enum item_status to = ITEM_HIDDEN;
    struct item item;
    bool replayed;

    TRY(wanted_status(rq, in->status, &to));
    TRY(db_tx_begin(&tx, catalog->db));
    TRY(idempotency_claim(&tx, rq, &in->base, &ret->base, &replayed));
    if (replayed)
        return STATUS_OK;
    TRY(find_own_item(&tx, rq, in->item_id, &item));
    TRY(shelf_change(catalog, &tx, &item, in->version, to, &cause, rq->arena));
    TRY(item_to_pb(&item, rq->arena, &ret->item));
    TRY(idempotency_store(&tx, rq, &ret->base));
    return db_tx_commit(&tx);
}

static const struct sku_state *state_of(const struct sku_state *states, size_t count,
                                        int64_t sku_id)
{
    for (size_t i = 0; i < count; i++)
        if (states[i].sku_id == sku_id)
            return &states[i];
    return NULL;
}

/* UNSPECIFIED: it can be sold. */
static UnsellableReason why_unsellable(const struct sku_state *state, int64_t item_id)
{
    if (!state || state->status == ITEM_REMOVED)
        return UNSELLABLE_REASON_UNKNOWN;
    if (state->item_id != item_id)
        return UNSELLABLE_REASON_OTHER_ITEM;
    if (state->status == ITEM_OUT_OF_STOCK)
        return UNSELLABLE_REASON_OUT_OF_STOCK;
    return state->status == ITEM_ONLINE ? UNSELLABLE_REASON_UNSPECIFIED
                                        : UNSELLABLE_REASON_NOT_ONLINE;
}

static UnsellableSku *unsellable_to_pb(const SkuRef *ref, UnsellableReason reason,
                                       struct arena *arena)
{
    UnsellableSku *message = arena_new_of(arena, UnsellableSku);

    unsellable_sku_init(message);
    message->item_id = ref->item_id;
    message->sku_id = ref->sku_id;
    message->reason = reason;
    return message;
}

static struct status refuse_unsellable(const SkuRef *ref, UnsellableReason reason)
{
    switch (reason) {
    case UNSELLABLE_REASON_UNSPECIFIED: return STATUS_OK;
    case UNSELLABLE_REASON_OTHER_ITEM:
        return status_error(CODE_INVALID_ARGUMENT, REASON_SKU_OF_ANOTHER_ITEM,
                            "SKU %lld does not belong to item %lld", (long long)ref->sku_id,
                            (long long)ref->item_id);
    case UNSELLABLE_REASON_NOT_ONLINE:
        return status_error(CODE_FAILED_PRECONDITION, REASON_ITEM_NOT_ONLINE,
                            "item %lld is not on sale", (long long)ref->item_id);
    case UNSELLABLE_REASON_OUT_OF_STOCK:
        return status_error(CODE_FAILED_PRECONDITION, REASON_SOLD_OUT, "item %lld is sold out",
                            (long long)ref->item_id);
    default:
        return status_error(CODE_NOT_FOUND, REASON_SKU_UNKNOWN, "there is no SKU %lld",
                            (long long)ref->sku_id);
    }
}

struct status catalog_ensure_snapshot(struct request *rq, const EnsureSnapshotRequest *in,
                                      EnsureSnapshotResponse *ret)
{
    struct sku_state *states;
    size_t count;

    TRY(snapshots_ensure(rq->service, &in->sku->sku_id, 1, rq->arena, &states, &count));
    const struct sku_state *state = state_of(states, count, in->sku->sku_id);
    TRY(refuse_unsellable(in->sku, why_unsellable(state, in->sku->item_id)));
    ret->snapshot = sku_state_to_pb(state, rq->arena);
    return STATUS_OK;
}

struct status catalog_batch_ensure_snapshots(struct request *rq,
                                             const BatchEnsureSnapshotsRequest *in,
                                             BatchEnsureSnapshotsResponse *ret)
{
    int64_t *sku_ids = arena_array_of(rq->arena, int64_t, in->n_skus);
    struct sku_state *states;
    size_t count;

    for (size_t i = 0; i < in->n_skus; i++)
        sku_ids[i] = in->skus[i]->sku_id;
    TRY(snapshots_ensure(rq->service, sku_ids, in->n_skus, rq->arena, &states, &count));
    ret->snapshots = arena_array_of(rq->arena, SkuSnapshot *, in->n_skus);
    ret->unsellable = arena_array_of(rq->arena, UnsellableSku *, in->n_skus);
    for (size_t i = 0; i < in->n_skus; i++) {
        const SkuRef *ref = in->skus[i];
        const struct sku_state *state = state_of(states, count, ref->sku_id);
        const UnsellableReason reason = why_unsellable(state, ref->item_id);
        if (reason == UNSELLABLE_REASON_UNSPECIFIED)
            ret->snapshots[ret->n_snapshots++] = sku_state_to_pb(state, rq->arena);
        else
            ret->unsellable[ret->n_unsellable++] = unsellable_to_pb(ref, reason, rq->arena);
    }
    return STATUS_OK;
}

struct status catalog_get_snapshot(struct request *rq, const GetSnapshotRequest *in,
                                   GetSnapshotResponse *ret)
{
    const struct catalog *catalog = rq->service;
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct snapshot snapshot;
    bool found;

    TRY(db_read_begin(&tx, catalog->db));
    TRY(snapshot_repo_find(&tx, in->snapshot_id, rq->arena, &snapshot, &found));
    if (!found)
        return status_error(CODE_NOT_FOUND, REASON_SNAPSHOT_UNKNOWN, "there is no snapshot %lld",
                            (long long)in->snapshot_id);
    ret->snapshot_id = snapshot.id;
    ret->create_time = pb_timestamp(snapshot.created_us, rq->arena);
    return snapshot_to_pb(&snapshot, rq->arena, &ret->item);
}
