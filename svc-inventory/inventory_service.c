/*
 * InventoryService: what each method does is said in souk/inventory/v1/inventory.rpc.h.
 */
#include "hold.h"
#include "inventory.h"
#include "inventory_pb.h"
#include "io/db.h"
#include "io/request.h"
#include "movement_repo.h"
#include "patterns/idempotency.h"
#include "patterns/page_token.h"
#include "reservation_repo.h"
#include "souk/inventory/v1/inventory.rpc.h"
#include "stock_repo.h"

enum { PAGE_SIZE_DEFAULT = 50 };

static bool owns(const struct caller *caller, const struct stock *stock)
{
    switch (caller->role) {
    case ROLE_OPERATOR:
    case ROLE_SERVICE: return true;
    case ROLE_MERCHANT: return caller->shop_id == stock->shop_id;
    case ROLE_SUPPLIER: return caller->supplier_id == stock->supplier_id;
    default: return false;
    }
}

/* Of another's SKU the caller does not even learn that it is there. */
static struct status unknown(int64_t sku_id)
{
    return status_error(CODE_NOT_FOUND, REASON_SKU_UNKNOWN, "there is no SKU %lld",
                        (long long)sku_id);
}

static struct status save_stock(const struct inventory *inventory, struct db_tx *tx,
                                const struct request *rq, enum movement_kind kind,
                                const char *reason, const struct stock *before,
                                const struct stock *after)
{
    const struct movement movement = {.kind = kind, .reason = reason, .caller = rq->caller.key};

    TRY(stock_repo_save(tx, after));
    return movement_repo_insert(tx, inventory->ids, &movement, before, after, 1, rq->arena);
}

/* The first count of a SKU: services make SKUs known, and say whose they are. */
static struct status insert_first(struct db_tx *tx, const struct request *rq,
                                  const SetStockRequest *in, struct stock *ret)
{
    if (rq->caller.role != ROLE_SERVICE)
        return unknown(in->sku_id);
    *ret = stock_new(in->sku_id, stock_model_from_pb(in->model), in->shop_id, in->supplier_id);
    const struct status st = stock_repo_insert(tx, ret);
    if (status_is(&st, "DUPLICATE_KEY"))
        return status_error(CODE_ABORTED, "CONTENTION", "SKU %lld was just made known",
                            (long long)in->sku_id);
    return st;
}

static struct status lock_owned(struct db_tx *tx, const struct request *rq, int64_t sku_id,
                                struct stock *ret)
{
    bool found;

    TRY(stock_repo_lock(tx, sku_id, ret, &found));
    return found && owns(&rq->caller, ret) ? STATUS_OK : unknown(sku_id);
}

static struct status lock_or_insert(struct db_tx *tx, const struct request *rq,
                                    const SetStockRequest *in, struct stock *ret)
{
    bool found;

    TRY(stock_repo_find(tx, in->sku_id, ret, &found));
    if (!found)
        return insert_first(tx, rq, in, ret);
    TRY(lock_owned(tx, rq, in->sku_id, ret));
    if (ret->model != stock_model_from_pb(in->model))
        return status_error(CODE_FAILED_PRECONDITION, REASON_STOCK_MODEL_FIXED,
                            "the stock model of SKU %lld is fixed", (long long)in->sku_id);
    return STATUS_OK;
}

struct status inventory_set_stock(struct request *rq, const SetStockRequest *in,
                                  SetStockResponse *ret)
{
    const struct inventory *inventory = rq->service;
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct stock before;
    bool replayed;

    TRY(db_tx_begin(&tx, inventory->db));
    TRY(idempotency_claim(&tx, rq, &in->base, &ret->base, &replayed));
    if (replayed)
        return STATUS_OK;
    TRY(lock_or_insert(&tx, rq, in, &before));
    struct stock after = before;
    TRY(request_blame(rq, "on_hand", stock_set(&after, in->on_hand, in->version)));
    TRY(save_stock(inventory, &tx, rq, MOVEMENT_SET, "", &before, &after));
    after.updated_us = rq->now_us;
    ret->stock = stock_to_pb(&after, true, rq->arena);
    TRY(idempotency_store(&tx, rq, &ret->base));
    return db_tx_commit(&tx);
}

static void explain_shortage(struct request *rq, int64_t sku_id, int64_t wanted, int64_t free)
{
    error_details_add(&rq->details, rq->arena, "sku", "%lld", (long long)sku_id);
    error_details_add(&rq->details, rq->arena, "wanted", "%lld", (long long)wanted);
    error_details_add(&rq->details, rq->arena, "free", "%lld", (long long)free);
}

struct status inventory_adjust_stock(struct request *rq, const AdjustStockRequest *in,
                                     AdjustStockResponse *ret)
{
    const struct inventory *inventory = rq->service;
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct stock before;
    bool replayed;

    TRY(db_tx_begin(&tx, inventory->db));
    TRY(idempotency_claim(&tx, rq, &in->base, &ret->base, &replayed));
    if (replayed)
        return STATUS_OK;
    TRY(lock_owned(&tx, rq, in->sku_id, &before));
    struct stock after = before;
    const struct status st = stock_adjust(&after, in->delta);
    if (status_is(&st, REASON_INSUFFICIENT_STOCK))
        explain_shortage(rq, in->sku_id, -in->delta, before.free);
    TRY(request_blame(rq, "delta", st));
    TRY(save_stock(inventory, &tx, rq, MOVEMENT_ADJUST, in->reason, &before, &after));
    after.updated_us = rq->now_us;
    ret->stock = stock_to_pb(&after, true, rq->arena);
    TRY(idempotency_store(&tx, rq, &ret->base));
    return db_tx_commit(&tx);
}

struct status inventory_get_stock(struct request *rq, const GetStockRequest *in,
                                  GetStockResponse *ret)
{
    const struct inventory *inventory = rq->service;
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct stock stock;
    bool found;

    TRY(db_read_begin(&tx, inventory->db));
    TRY(stock_repo_find(&tx, in->sku_id, &stock, &found));
    if (!found)
        return unknown(in->sku_id);
    ret->stock = stock_to_pb(&stock, owns(&rq->caller, &stock), rq->arena);
    return STATUS_OK;
}

static const struct stock *find_stock(const struct stock *stocks, size_t count, int64_t sku_id)
{
    for (size_t i = 0; i < count; i++)
        if (stocks[i].sku_id == sku_id)
            return &stocks[i];
    return NULL;
}

struct status inventory_batch_get_stock(struct request *rq, const BatchGetStockRequest *in,
                                        BatchGetStockResponse *ret)
{
    const struct inventory *inventory = rq->service;
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct stock *stocks;
    size_t count;

    TRY(db_read_begin(&tx, inventory->db));
    TRY(stock_repo_find_many(&tx, in->sku_ids, in->n_sku_ids, rq->arena, &stocks, &count));
    ret->stocks = arena_array_of(rq->arena, Stock *, in->n_sku_ids);
    ret->missing_sku_ids = arena_array_of(rq->arena, int64_t, in->n_sku_ids);
    for (size_t i = 0; i < in->n_sku_ids; i++) {
        const struct stock *stock = find_stock(stocks, count, in->sku_ids[i]);
        if (stock)
            ret->stocks[ret->n_stocks++] = stock_to_pb(stock, owns(&rq->caller, stock), rq->arena);
        else
            ret->missing_sku_ids[ret->n_missing_sku_ids++] = in->sku_ids[i];
    }
    return STATUS_OK;
}

static struct status find_owned(struct db_tx *tx, const struct request *rq, int64_t sku_id)
{
    struct stock stock;
    bool found;

    TRY(stock_repo_find(tx, sku_id, &stock, &found));
    return found && owns(&rq->caller, &stock) ? STATUS_OK : unknown(sku_id);
}

static uint64_t movements_digest(const ListMovementsRequest *in, struct arena *arena)
{
    ListMovementsRequest list = *in;

    list.page_size = 0;
    list.page_token = NULL;
    return page_list_digest(&list.base, arena);
}

struct status inventory_list_movements(struct request *rq, const ListMovementsRequest *in,
                                       ListMovementsResponse *ret)
{
    const struct inventory *inventory = rq->service;
    const uint64_t digest = movements_digest(in, rq->arena);
    const size_t page = in->page_size ? (size_t)in->page_size : PAGE_SIZE_DEFAULT;
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct movement_record *records;
    int64_t before_id = INT64_MAX;
    size_t count;

    if (*in->page_token)
        TRY(request_blame(rq, "page_token",
                          page_token_read(in->page_token, digest, &before_id, 1)));
    TRY(db_read_begin(&tx, inventory->db));
    TRY(find_owned(&tx, rq, in->sku_id));
    TRY(movement_repo_find(&tx, in->sku_id, before_id, page + 1, rq->arena, &records, &count));
    ret->movements = arena_array_of(rq->arena, Movement *, page);
    while (ret->n_movements < page && ret->n_movements < count) {
        ret->movements[ret->n_movements] = movement_to_pb(&records[ret->n_movements], rq->arena);
        ret->n_movements++;
    }
    if (ret->n_movements < count)
        ret->next_page_token =
            page_token_make(digest, &records[ret->n_movements - 1].id, 1, rq->arena);
    return STATUS_OK;
}

struct status inventory_reserve_stock(struct request *rq, const ReserveStockRequest *in,
                                      ReserveStockResponse *ret)
{
    const struct inventory *inventory = rq->service;
    const int64_t ttl_s = in->hold_ttl_s ? in->hold_ttl_s : HOLD_TTL_DEFAULT_S;
    struct reservation want;
    struct hold_shortage shortage;

    TRY(request_blame(rq, "lines", reservation_from_pb(in, rq->arena, &want)));
    const struct status st =
        hold_reserve(inventory, &want, ttl_s, rq->caller.key, rq->arena, &shortage);
    if (shortage.sku_id)
        explain_shortage(rq, shortage.sku_id, shortage.wanted, shortage.free);
    TRY(st);
    ret->reservation = reservation_to_pb(&want, rq->arena);
    return STATUS_OK;
}

static struct status reservation_unknown(int64_t id)
{
    return status_error(CODE_NOT_FOUND, REASON_RESERVATION_UNKNOWN, "there is no reservation %lld",
                        (long long)id);
}

struct status inventory_confirm_reservation(struct request *rq, const ConfirmReservationRequest *in,
                                            ConfirmReservationResponse *ret)
{
    const struct inventory *inventory = rq->service;
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct reservation reservation;
    bool found;

    TRY(db_tx_begin(&tx, inventory->db));
    TRY(reservation_repo_lock(&tx, in->reservation_id, rq->arena, &reservation, &found));
    if (!found)
        return reservation_unknown(in->reservation_id);
    TRY(hold_end(inventory, &tx, &reservation, RESERVATION_CONFIRM, rq->caller.key, rq->arena));
    ret->reservation = reservation_to_pb(&reservation, rq->arena);
    return db_tx_commit(&tx);
}

/* The release of a hold that never came: a row that is in its way should it still come. */
static struct status remember_release(struct db_tx *tx, int64_t id, struct reservation *ret)
{
    *ret = (struct reservation){.id = id, .status = RESERVATION_RELEASED};
    const struct status st = reservation_repo_insert(tx, ret, 0);
    if (status_is(&st, "DUPLICATE_KEY"))
        return status_error(CODE_ABORTED, "CONTENTION", "reservation %lld was just made",
                            (long long)id);
    TRY(st);
    return reservation_repo_get_expiry(tx, id, &ret->expires_us);
}

struct status inventory_release_reservation(struct request *rq, const ReleaseReservationRequest *in,
                                            ReleaseReservationResponse *ret)
{
    const struct inventory *inventory = rq->service;
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct reservation reservation;
    bool found;

    TRY(db_tx_begin(&tx, inventory->db));
    TRY(reservation_repo_lock(&tx, in->reservation_id, rq->arena, &reservation, &found));
    if (found)
        TRY(hold_end(inventory, &tx, &reservation, RESERVATION_RELEASE, rq->caller.key, rq->arena));
    else
        TRY(remember_release(&tx, in->reservation_id, &reservation));
    ret->reservation = reservation_to_pb(&reservation, rq->arena);
    return db_tx_commit(&tx);
}

struct status inventory_get_reservation(struct request *rq, const GetReservationRequest *in,
                                        GetReservationResponse *ret)
{
    const struct inventory *inventory = rq->service;
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct reservation reservation;
    bool found;

    TRY(db_read_begin(&tx, inventory->db));
    TRY(reservation_repo_find(&tx, in->reservation_id, rq->arena, &reservation, &found));
    if (!found)
        return reservation_unknown(in->reservation_id);
    ret->reservation = reservation_to_pb(&reservation, rq->arena);
    return STATUS_OK;
}
