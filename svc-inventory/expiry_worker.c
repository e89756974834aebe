#include "expiry_worker.h"

#include "hold.h"
#include "inventory.h"
#include "io/db.h"
#include "reservation_repo.h"

enum { BATCH = 100, ARENA_MAX = 4 * 1024 * 1024 };

static struct status find_expired(const struct inventory *inventory, struct arena *arena,
                                  int64_t **ret, size_t *ret_count)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_read_begin(&tx, inventory->db));
    return reservation_repo_find_expired(&tx, BATCH, arena, ret, ret_count);
}

/* Somebody may have ended it since it was found: then nothing changes. */
static struct status expire(const struct inventory *inventory, int64_t id)
{
    AUTO(arena_freep) struct arena *arena = arena_new(ARENA_MAX);
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct reservation reservation;
    bool found;

    TRY(db_tx_begin(&tx, inventory->db));
    TRY(reservation_repo_lock(&tx, id, arena, &reservation, &found));
    if (!found || reservation.status != RESERVATION_HELD)
        return STATUS_OK;
    TRY(hold_end(inventory, &tx, &reservation, RESERVATION_EXPIRE, "expiry", arena));
    return db_tx_commit(&tx);
}

struct status expiry_worker_run(void *inventory, bool *ret_more)
{
    AUTO(arena_freep) struct arena *arena = arena_new(ARENA_MAX);
    int64_t *ids;
    size_t count;

    TRY(find_expired(inventory, arena, &ids, &count));
    for (size_t i = 0; i < count; i++)
        TRY(expire(inventory, ids[i]));
    *ret_more = count == BATCH;
    return STATUS_OK;
}
