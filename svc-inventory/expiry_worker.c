#include "expiry_worker.h"

#include "expiry_sweep.h"
#include "expiry_sweep_repo.h"
#include "hold.h"
#include "inventory.h"
#include "io/db.h"
#include "observe/log.h"
#include "reservation_repo.h"
#include "run/task.h"

enum { BATCH = 100, ARENA_MAX = 4 * 1024 * 1024 };

static struct status note(const struct inventory *inventory, const struct expiry_sweep *sweep)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_tx_begin(&tx, inventory->db));
    TRY(expiry_sweep_repo_save(&tx, sweep));
    return db_tx_commit(&tx);
}

/* Noted before anything expires: a process that dies does not shorten the time. */
static struct status check_spared(const struct inventory *inventory, bool *ret)
{
    struct expiry_sweep sweep;
    int64_t now_us = 0;

    {
        AUTO(db_tx_end) struct db_tx tx = {0};
        TRY(db_read_begin(&tx, inventory->db));
        TRY(expiry_sweep_repo_find(&tx, &sweep, &now_us));
    }
    if (expiry_sweep_run(&sweep, now_us))
        TRY(note(inventory, &sweep));
    *ret = expiry_sweep_spares(&sweep, now_us);
    return STATUS_OK;
}

static struct status find_expired(const struct inventory *inventory, struct expired_hold after,
                                  struct arena *arena, struct expired_hold **ret, size_t *ret_count)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_read_begin(&tx, inventory->db));
    return reservation_repo_find_expired(&tx, after, BATCH, arena, ret, ret_count);
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

/* One that cannot be ended is passed over: those behind it are not to wait for it. */
static struct status expire_all(const struct inventory *inventory, const struct expired_hold *holds,
                                size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct status st = expire(inventory, holds[i].id);
        TRY(task_check());
        if (!status_ok(&st))
            log_at(status_may_retry(&st) ? LOG_WARN : LOG_ERROR, "hold not expired",
                   LOG_I64("reservation", holds[i].id), LOG_STATUS(st));
    }
    return STATUS_OK;
}

struct status expiry_worker_run(void *inventory, bool *ret_more)
{
    AUTO(arena_freep) struct arena *arena = arena_new(ARENA_MAX);
    struct expired_hold last = {0};
    struct expired_hold *holds;
    size_t count;
    bool spared = false;

    (void)ret_more; /* it goes through all */
    TRY(check_spared(inventory, &spared));
    if (spared)
        return STATUS_OK;
    do {
        arena_reset(arena);
        TRY(find_expired(inventory, last, arena, &holds, &count));
        TRY(expire_all(inventory, holds, count));
        if (count)
            last = holds[count - 1];
    } while (count == BATCH);
    return STATUS_OK;
}
