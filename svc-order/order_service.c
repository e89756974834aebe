/*
 * OrderService: what each method does is said in souk/order/v1/order.rpc.h.
 */
#include <string.h>

#include "app/service.h"
#include "io/auth.h"
#include "io/db.h"
#include "io/pb_time.h"
#include "io/request.h"
#include "order_access.h"
#include "order_app.h"
#include "order_pb.h"
#include "order_repo.h"
#include "patterns/idempotency.h"
#include "patterns/ids.h"
#include "patterns/page_token.h"
#include "patterns/saga.h"
#include "pay_order_repo.h"
#include "payment_moves.h"
#include "place_order.h"
#include "souk/order/v1/order.rpc.h"

enum { PAGE_DEFAULT = 50 };

struct status order_new_order_token(struct request *rq, const NewOrderTokenRequest *in,
                                    NewOrderTokenResponse *ret)
{
    const struct order_app *app = rq->service;
    (void)in;

    return ids_next_for_user(app->ids, rq->caller.user_id, &ret->pay_order_id);
}

struct status order_place_order(struct request *rq, const PlaceOrderRequest *in,
                                PlaceOrderResponse *ret)
{
    return place_order_run(rq->service, rq, in, ret);
}

static struct status get_pay_order(struct db_tx *tx, int64_t pay_order_id, struct arena *arena,
                                   PayOrder **ret)
{
    struct pay_order pay_order;
    struct order *orders;
    struct money total;
    size_t count;
    bool found;

    TRY(pay_order_repo_find(tx, pay_order_id, &pay_order, &found));
    if (!found)
        return status_error(CODE_INTERNAL, "INTERNAL", "there is no pay order %lld",
                            (long long)pay_order_id);
    TRY(order_repo_find_of_pay_order(tx, pay_order_id, arena, &orders, &count));
    TRY(pay_order_total(&pay_order, orders, count, &total));
    *ret = pay_order_to_pb(&pay_order, total, orders, count, arena);
    return STATUS_OK;
}

struct status order_get_order(struct request *rq, const GetOrderRequest *in, GetOrderResponse *ret)
{
    const struct order_app *app = rq->service;
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct order order;
    size_t count;

    TRY(db_read_begin(&tx, app->db));
    TRY(order_find_visible(&tx, rq, in->order_id, &order));
    TRY(order_repo_read_lines(&tx, &order, 1, rq->arena, &count));
    ret->order = order_to_pb(&order, rq->arena);
    if (rq->caller.role == ROLE_MERCHANT)
        return STATUS_OK;
    return get_pay_order(&tx, order.pay_order_id, rq->arena, &ret->pay_order);
}

static struct status page_of(struct request *rq, const ListOrdersRequest *in,
                             struct order_page *ret)
{
    const enum role role = rq->caller.role;

    *ret = (struct order_page){
        .user_id = role == ROLE_CUSTOMER ? rq->caller.user_id : in->user_id,
        .shop_id = role == ROLE_MERCHANT ? rq->caller.shop_id : in->shop_id,
        .status = order_status_from_pb(in->status),
        .created_from_us = pb_time_us(in->create_time_from),
        .created_to_us = in->create_time_to ? pb_time_us(in->create_time_to) : ORDER_TIME_END,
        .below_order_id = INT64_MAX,
        .most = in->page_size ? (size_t)in->page_size : PAGE_DEFAULT,
    };
    if (ret->user_id || ret->shop_id)
        return STATUS_OK;
    error_details_field(&rq->details, rq->arena, "user_id", "or shop_id is required");
    return status_error(CODE_INVALID_ARGUMENT, "INVALID_FIELD", "user_id or shop_id is required");
}

/* Whose list it is belongs to it, also where the caller's role says so. */
static uint64_t list_of(const ListOrdersRequest *in, const struct order_page *page,
                        struct arena *arena)
{
    ListOrdersRequest list = *in;

    list.user_id = page->user_id;
    list.shop_id = page->shop_id;
    list.page_size = 0;
    list.page_token = NULL;
    return page_list_digest(&list.base, arena);
}

struct status order_list_orders(struct request *rq, const ListOrdersRequest *in,
                                ListOrdersResponse *ret)
{
    const struct order_app *app = rq->service;
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct order_page page;
    struct order *orders;
    size_t found, count;

    TRY(page_of(rq, in, &page));
    const uint64_t list = list_of(in, &page, rq->arena);
    if (*in->page_token)
        TRY(request_blame(rq, "page_token",
                          page_token_read(in->page_token, list, &page.below_order_id, 1)));
    const size_t wanted = page.most++; /* one more says whether there is a next page */
    TRY(db_read_begin(&tx, app->db));
    TRY(order_repo_page(&tx, &page, rq->arena, &orders, &found));
    TRY(order_repo_read_lines(&tx, orders, found < wanted ? found : wanted, rq->arena, &count));
    if (count < found)
        ret->next_page_token = page_token_make(list, &orders[count - 1].order_id, 1, rq->arena);
    ret->n_orders = count;
    ret->orders = orders_to_pb(orders, count, rq->arena);
    return STATUS_OK;
}

static struct status cancel(const struct order_app *app, struct db_tx *tx, struct request *rq,
                            const CancelOrderRequest *in, struct order **ret)
{
    const char *reason = *in->reason ? in->reason : role_name(rq->caller.role);
    struct purchase purchase;

    TRY(order_lock_visible(tx, rq, in->order_id, &purchase, ret));
    return purchase_cancel(app, tx, &purchase, *ret, reason, rq->caller.key);
}

struct status order_cancel_order(struct request *rq, const CancelOrderRequest *in,
                                 CancelOrderResponse *ret)
{
    const struct order_app *app = rq->service;
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct order *order;
    bool replayed;

    TRY(db_tx_begin(&tx, app->db));
    TRY(idempotency_claim(&tx, rq, &in->base, &ret->base, &replayed));
    if (replayed)
        return STATUS_OK;
    TRY(cancel(app, &tx, rq, in, &order));
    ret->order = order_to_pb(order, rq->arena);
    TRY(idempotency_store(&tx, rq, &ret->base));
    TRY(db_tx_commit(&tx));
    saga_nudge(service_sagas(app->service));
    return STATUS_OK;
}

struct status order_list_order_history(struct request *rq, const ListOrderHistoryRequest *in,
                                       ListOrderHistoryResponse *ret)
{
    const struct order_app *app = rq->service;
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct order_change_row *rows;
    struct order order;
    size_t count;

    TRY(db_read_begin(&tx, app->db));
    TRY(order_find_visible(&tx, rq, in->order_id, &order));
    TRY(order_repo_read_changes(&tx, in->order_id, rq->arena, &rows, &count));
    ret->changes = arena_array_of(rq->arena, OrderChange *, count);
    for (size_t i = 0; i < count; i++)
        ret->changes[ret->n_changes++] = order_change_to_pb(&rows[i], rq->arena);
    return STATUS_OK;
}
