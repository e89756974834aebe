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

/* Which orders it finds, and what it does to one of them. */
struct sweep {
    struct status (*find)(struct db_tx *tx, struct due_order after, size_t most,
                          struct arena *arena, struct due_order **ret, size_t *ret_count);
    struct status (*end)(const struct order_app *app, struct db_tx *tx, struct purchase *purchase,
                         struct order *order);
};

static struct status find_due(const struct order_app *app, const struct sweep *sweep,
                              struct due_order after, struct arena *arena, struct due_order **ret,
                              size_t *ret_count)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_read_begin(&tx, app->db));
    return sweep->find(&tx, after, BATCH, arena, ret, ret_count);
}

static struct status end_one(const struct order_app *app, const struct sweep *sweep,
                             int64_t order_id)
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
    TRY(sweep->end(app, &tx, &purchase, purchase_order(&purchase, order_id)));
    return db_tx_commit(&tx);
}

/* One that cannot be ended is passed over: those behind it are not to wait for it. */
static struct status end_all(const struct order_app *app, const struct sweep *sweep,
                             const struct due_order *orders, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct status st = end_one(app, sweep, orders[i].order_id);
        TRY(task_check());
        if (!status_ok(&st))
            log_at(status_may_retry(&st) ? LOG_WARN : LOG_ERROR, "order whose time is over stays",
                   LOG_I64("order", orders[i].order_id), LOG_STATUS(st));
    }
    return STATUS_OK;
}

static struct status run(const struct order_app *app, const struct sweep *sweep)
{
    AUTO(arena_freep) struct arena *arena = arena_new(ARENA_MAX);
    struct due_order last = {0};
    struct due_order *orders;
    size_t count;

    do {
        arena_reset(arena);
        TRY(find_due(app, sweep, last, arena, &orders, &count));
        TRY(end_all(app, sweep, orders, count));
        if (count) {
            saga_nudge(service_sagas(app->service));
            last = orders[count - 1];
        }
    } while (count == BATCH);
    return STATUS_OK;
}

/* It may have been paid or cancelled since it was found: then nothing changes. */
static struct status cancel_unpaid(const struct order_app *app, struct db_tx *tx,
                                   struct purchase *purchase, struct order *order)
{
    if (!order_is_overdue(order, purchase->now_us))
        return STATUS_OK;
    return purchase_time_out(app, tx, purchase, order);
}

struct status timeout_worker_cancel_unpaid(void *order_app, bool *ret_more)
{
    static const struct sweep sweep = {order_repo_find_overdue, cancel_unpaid};

    (void)ret_more; /* it goes through all */
    return run(order_app, &sweep);
}

static struct status complete_shipped(const struct order_app *app, struct db_tx *tx,
                                      struct purchase *purchase, struct order *order)
{
    if (!order_is_received_by_now(order, purchase->now_us))
        return STATUS_OK;
    return complete_received(app, tx, purchase, order, "receipt timeout", "service/order");
}

struct status timeout_worker_complete_shipped(void *order_app, bool *ret_more)
{
    static const struct sweep sweep = {order_repo_find_received, complete_shipped};

    (void)ret_more;
    return run(order_app, &sweep);
}
