#include "changed_worker.h"

#include "inventory.h"
#include "inventory_events.h"
#include "io/db.h"
#include "stock_repo.h"

enum { BATCH = 200, BATCH_ARENA_MAX = 4 * 1024 * 1024 };

struct status changed_worker_run(void *inventory, bool *ret_more)
{
    const struct inventory *self = inventory;
    AUTO(arena_freep) struct arena *arena = arena_new(BATCH_ARENA_MAX);
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct stock *stocks;
    int64_t *versions;
    size_t count;

    TRY(db_tx_begin(&tx, self->db));
    TRY(stock_repo_lock_untold(&tx, BATCH, arena, &stocks, &versions, &count));
    if (!count)
        return STATUS_OK;
    TRY(inventory_tell_changed(self, &tx, stocks, versions, count, arena));
    TRY(stock_repo_mark_told(&tx, stocks, count, arena));
    *ret_more = count == BATCH;
    return db_tx_commit(&tx);
}
