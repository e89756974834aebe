/*
 * CartService: what each method does is said in souk/cart/v1/cart.rpc.h.
 */
#include "cart.h"
#include "cart_app.h"
#include "cart_pb.h"
#include "cart_repo.h"
#include "goods_pb.h"
#include "io/db.h"
#include "io/request.h"
#include "patterns/idempotency.h"
#include "souk/cart/v1/cart.rpc.h"

static struct status find_answer(const struct cart_app *app, struct request *rq,
                                 const AddItemRequest *in, AddItemResponse *ret, bool *ret_replayed)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_read_begin(&tx, app->db));
    return idempotency_peek(&tx, rq, &in->base, &ret->base, ret_replayed);
}

static struct status check_listed(const struct goods *goods, const struct cart_line *line)
{
    switch (goods->listed) {
    case GOODS_ITEM_UNKNOWN:
        return status_error(CODE_NOT_FOUND, REASON_ITEM_UNKNOWN, "there is no item %lld",
                            (long long)line->item_id);
    case GOODS_SKU_UNKNOWN:
        return status_error(CODE_NOT_FOUND, REASON_SKU_UNKNOWN, "item %lld has no SKU %lld",
                            (long long)line->item_id, (long long)line->sku_id);
    case GOODS_OFF_SALE:
        return status_error(CODE_FAILED_PRECONDITION, REASON_ITEM_NOT_ONLINE,
                            "item %lld is not on sale", (long long)line->item_id);
    case GOODS_SOLD_OUT: /* a cart promises nothing, and it may come back */
    case GOODS_ONLINE: break;
    }
    return STATUS_OK;
}

/* May it be put in, and what does it cost? Without a price it may all the same. */
static struct status look_up(const struct cart_app *app, struct arena *arena,
                             struct cart_line *line)
{
    struct goods *goods;
    unsigned answered;

    TRY(goods_ask(app, GOODS_LISTING | GOODS_PRICING, line, 1, arena, &goods, &answered));
    if (!(answered & GOODS_LISTING))
        return status_error(CODE_UNAVAILABLE, "DEPENDENCY_UNAVAILABLE",
                            "svc-listing does not say whether item %lld is on sale",
                            (long long)line->item_id);
    TRY(check_listed(goods, line));
    line->price = goods->price;
    return STATUS_OK;
}

static struct status add(const struct cart_app *app, struct request *rq, const AddItemRequest *in,
                         const struct cart_line *line, AddItemResponse *ret)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct cart cart;
    bool replayed;

    TRY(db_tx_begin(&tx, app->db));
    TRY(idempotency_claim(&tx, rq, &in->base, &ret->base, &replayed));
    if (replayed)
        return STATUS_OK;
    TRY(cart_repo_lock(&tx, rq->caller.user_id, rq->arena, &cart));
    TRY(cart_add(&cart, line));
    TRY(cart_repo_save(&tx, &cart, rq->arena));
    ret->cart = cart_to_pb(&cart, rq->arena);
    TRY(idempotency_store(&tx, rq, &ret->base));
    return db_tx_commit(&tx);
}

struct status cart_add_item(struct request *rq, const AddItemRequest *in, AddItemResponse *ret)
{
    const struct cart_app *app = rq->service;
    struct cart_line line = {
        .sku_id = in->sku_id,
        .item_id = in->item_id,
        .quantity = in->quantity,
        .added_us = rq->now_us,
    };
    bool replayed;

    TRY(find_answer(app, rq, in, ret, &replayed));
    if (replayed)
        return STATUS_OK;
    TRY(look_up(app, rq->arena, &line));
    return add(app, rq, in, &line, ret);
}

/* What the caller's cart is, for one who saw its version. */
static struct status lock_own(struct db_tx *tx, struct request *rq, int64_t version,
                              struct cart *ret)
{
    TRY(cart_repo_lock(tx, rq->caller.user_id, rq->arena, ret));
    return cart_check_version(ret, version);
}

struct status cart_update_item(struct request *rq, const UpdateItemRequest *in,
                               UpdateItemResponse *ret)
{
    const struct cart_app *app = rq->service;
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct cart cart;
    bool replayed;

    TRY(db_tx_begin(&tx, app->db));
    TRY(idempotency_claim(&tx, rq, &in->base, &ret->base, &replayed));
    if (replayed)
        return STATUS_OK;
    TRY(lock_own(&tx, rq, in->version, &cart));
    TRY(cart_set_quantity(&cart, in->sku_id, in->quantity));
    TRY(cart_repo_save(&tx, &cart, rq->arena));
    ret->cart = cart_to_pb(&cart, rq->arena);
    TRY(idempotency_store(&tx, rq, &ret->base));
    return db_tx_commit(&tx);
}

struct status cart_remove_item(struct request *rq, const RemoveItemRequest *in,
                               RemoveItemResponse *ret)
{
    const struct cart_app *app = rq->service;
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct cart cart;
    bool replayed;

    TRY(db_tx_begin(&tx, app->db));
    TRY(idempotency_claim(&tx, rq, &in->base, &ret->base, &replayed));
    if (replayed)
        return STATUS_OK;
    TRY(lock_own(&tx, rq, in->version, &cart));
    cart_remove(&cart, &in->sku_id, 1);
    TRY(cart_repo_save(&tx, &cart, rq->arena));
    ret->cart = cart_to_pb(&cart, rq->arena);
    TRY(idempotency_store(&tx, rq, &ret->base));
    return db_tx_commit(&tx);
}

struct status cart_select_items(struct request *rq, const SelectItemsRequest *in,
                                SelectItemsResponse *ret)
{
    const struct cart_app *app = rq->service;
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct cart cart;
    bool replayed;

    TRY(db_tx_begin(&tx, app->db));
    TRY(idempotency_claim(&tx, rq, &in->base, &ret->base, &replayed));
    if (replayed)
        return STATUS_OK;
    TRY(lock_own(&tx, rq, in->version, &cart));
    TRY(cart_select(&cart, in->sku_ids, in->n_sku_ids));
    TRY(cart_repo_save(&tx, &cart, rq->arena));
    ret->cart = cart_to_pb(&cart, rq->arena);
    TRY(idempotency_store(&tx, rq, &ret->base));
    return db_tx_commit(&tx);
}

static struct status read_cart(const struct cart_app *app, int64_t user_id, struct arena *arena,
                               struct cart *ret)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_read_begin(&tx, app->db));
    return cart_repo_find(&tx, user_id, arena, ret);
}

struct status cart_get_cart(struct request *rq, const GetCartRequest *in, GetCartResponse *ret)
{
    const struct cart_app *app = rq->service;
    const unsigned all = GOODS_LISTING | GOODS_PRICING | GOODS_INVENTORY;
    struct cart cart;
    struct goods *goods;
    unsigned answered;

    (void)in;
    TRY(read_cart(app, rq->caller.user_id, rq->arena, &cart));
    ret->version = cart.version;
    if (!cart.count)
        return STATUS_OK;
    TRY(goods_ask(app, all, cart.lines, cart.count, rq->arena, &goods, &answered));
    struct line_view *views = arena_array_of(rq->arena, struct line_view, cart.count);
    for (size_t i = 0; i < cart.count; i++)
        views[i] = line_view_make(&cart.lines[i], &goods[i], answered);
    cart_views_to_pb(views, cart.count, answered, rq->arena, ret);
    return STATUS_OK;
}

static struct status invalid_user(struct request *rq, const char *why)
{
    error_details_field(&rq->details, rq->arena, "user_id", why);
    return status_error(CODE_INVALID_ARGUMENT, "INVALID_FIELD", "user_id %s", why);
}

static struct status read_owner(struct request *rq, const ClearCartRequest *in, int64_t *ret)
{
    if (rq->caller.role == ROLE_SERVICE) {
        *ret = in->user_id;
        return in->user_id ? STATUS_OK : invalid_user(rq, "is required of a service");
    }
    *ret = rq->caller.user_id;
    if (in->user_id && in->user_id != rq->caller.user_id)
        return invalid_user(rq, "may only be named by a service");
    return STATUS_OK;
}

struct status cart_clear_cart(struct request *rq, const ClearCartRequest *in,
                              ClearCartResponse *ret)
{
    const struct cart_app *app = rq->service;
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct cart cart;
    int64_t user_id;
    bool replayed;

    TRY(read_owner(rq, in, &user_id));
    TRY(db_tx_begin(&tx, app->db));
    /* Asked again it must not take out what was put in since. */
    TRY(idempotency_claim(&tx, rq, &in->base, &ret->base, &replayed));
    if (replayed)
        return STATUS_OK;
    TRY(cart_repo_lock_existing(&tx, user_id, rq->arena, &cart));
    if (in->n_sku_ids)
        cart_remove(&cart, in->sku_ids, in->n_sku_ids);
    else
        cart_clear(&cart);
    TRY(cart_repo_save(&tx, &cart, rq->arena));
    TRY(idempotency_store(&tx, rq, &ret->base));
    return db_tx_commit(&tx);
}
