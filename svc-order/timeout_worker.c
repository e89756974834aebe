#include "timeout_worker.h"

#include "app/service.h"
#include "io/db.h"
#include "observe/log.h"
#include "order_app.h"
#include "order_repo.h"
#include "patterns/saga.h"
#include "payment_moves.h"
#include "run/task.h"

enum { BATCH = 100, ARENA_MAX = 8 * 1024 * 1024 };

static struct status find_overdue(const struct order_app *app, struct overdue_order after,
                                  struct arena *arena, struct overdue_order **ret,
                                  size_t *ret_count)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_read_begin(&tx, app->db));
    return order_repo_find_overdue(&tx, after, BATCH, arena, ret, ret_count);
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

/* One that cannot be cancelled is passed over: those behind it are not to wait for it. */
static struct status time_out_all(const struct order_app *app, const struct overdue_order *orders,
                                  size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct status st = time_out(app, orders[i].order_id);
        TRY(task_check());
        if (!status_ok(&st))
            log_at(status_may_retry(&st) ? LOG_WARN : LOG_ERROR, "overdue order not cancelled",
                   LOG_I64("order", orders[i].order_id), LOG_STATUS(st));
    }
    return STATUS_OK;
}

struct status timeout_worker_run(void *order_app, bool *ret_more)
{
    const struct order_app *app = order_app;
    AUTO(arena_freep) struct arena *arena = arena_new(ARENA_MAX);
    struct overdue_order last = {0};
    struct overdue_order *orders;
    size_t count;

    (void)ret_more; /* it goes through all */
    do {
        arena_reset(arena);
        TRY(find_overdue(app, last, arena, &orders, &count));
        TRY(time_out_all(app, orders, count));
        if (count) {
            saga_nudge(service_sagas(app->service));
            last = orders[count - 1];
        }
    } while (count == BATCH);
    return STATUS_OK;
}
