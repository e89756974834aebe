#include "timeout_worker.h"

#include "app/service.h"
#include "io/db.h"
#include "order_app.h"
#include "order_repo.h"
#include "patterns/saga.h"
#include "payment_moves.h"

enum { BATCH = 100, ARENA_MAX = 8 * 1024 * 1024 };

static struct status find_overdue(const struct order_app *app, struct arena *arena, int64_t **ret,
                                  size_t *ret_count)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_read_begin(&tx, app->db));
    return order_repo_find_overdue(&tx, BATCH, arena, ret, ret_count);
}

/* It may have been paid or cancelled since it was found: then nothing changes. */
static struct status time_out(const struct order_app *app, int64_t order_id)
{
    AUTO(arena_freep) struct arena *arena = arena_new(ARENA_MAX);
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct purchase purchase;
    struct order seen;
    bool found;

    TRY(db_tx_begin(&tx, app->db));
    TRY(order_repo_find(&tx, order_id, arena, &seen, &found));
    if (found)
        TRY(purchase_lock(&tx, seen.pay_order_id, arena, &purchase, &found));
    if (!found)
        return STATUS_OK;
    struct order *order = purchase_order(&purchase, order_id);
    if (order->status != ORDER_PENDING_PAYMENT)
        return STATUS_OK;
    TRY(purchase_cancel(app, &tx, &purchase, order, "payment timeout", "service/order"));
    return db_tx_commit(&tx);
}

struct status timeout_worker_run(void *order_app, bool *ret_more)
{
    const struct order_app *app = order_app;
    AUTO(arena_freep) struct arena *arena = arena_new(ARENA_MAX);
    int64_t *ids;
    size_t count;

    TRY(find_overdue(app, arena, &ids, &count));
    for (size_t i = 0; i < count; i++)
        TRY(time_out(app, ids[i]));
    if (count)
        saga_nudge(service_sagas(app->service));
    *ret_more = count == BATCH;
    return STATUS_OK;
}
