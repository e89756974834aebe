#include "order_access.h"

#include "order_repo.h"

static struct status unknown(int64_t order_id)
{
    return status_error(CODE_NOT_FOUND, "ORDER_UNKNOWN", "there is no order %lld",
                        (long long)order_id);
}

static bool may_see(const struct caller *caller, const struct order *order)
{
    switch (caller->role) {
    case ROLE_OPERATOR: return true;
    case ROLE_MERCHANT: return caller->shop_id == order->shop_id;
    default: return caller->user_id == order->user_id;
    }
}

struct status order_find_visible(struct db_tx *tx, struct request *rq, int64_t order_id,
                                 struct order *ret)
{
    bool found;

    TRY(order_repo_find(tx, order_id, rq->arena, ret, &found));
    return found && may_see(&rq->caller, ret) ? STATUS_OK : unknown(order_id);
}

struct status order_lock_visible(struct db_tx *tx, struct request *rq, int64_t order_id,
                                 struct purchase *ret_purchase, struct order **ret)
{
    struct order seen;
    size_t count;
    bool found;

    TRY(order_find_visible(tx, rq, order_id, &seen));
    TRY(purchase_lock(tx, seen.pay_order_id, rq->arena, ret_purchase, &found));
    if (!found)
        return unknown(order_id);
    *ret = purchase_order(ret_purchase, order_id);
    return order_repo_read_lines(tx, *ret, 1, rq->arena, &count);
}
