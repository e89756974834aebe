#include "hold.h"

#include <string.h>

#include "inventory_events.h"
#include "io/db.h"
#include "movement_repo.h"
#include "reservation_repo.h"
#include "stock_repo.h"

/* Stock of a reservation's lines before and after a change. */
struct change {
    struct stock *before;
    struct stock *after;
    size_t count;
};

static struct status lock_stocks(struct db_tx *tx, const struct reservation *reservation,
                                 struct arena *arena, struct change *ret)
{
    const size_t count = reservation->line_count;
    int64_t *sku_ids = arena_array_of(arena, int64_t, count);

    for (size_t i = 0; i < count; i++)
        sku_ids[i] = reservation->lines[i].sku_id;
    ret->count = count;
    ret->before = arena_array_of(arena, struct stock, count);
    ret->after = arena_array_of(arena, struct stock, count);
    TRY(stock_repo_lock_many(tx, sku_ids, count, arena, ret->before));
    memcpy(ret->after, ret->before, count * sizeof *ret->after);
    return STATUS_OK;
}

static enum movement_kind kind_of(enum reservation_status status)
{
    switch (status) {
    case RESERVATION_HELD: return MOVEMENT_HOLD;
    case RESERVATION_CONFIRMED: return MOVEMENT_CONFIRM;
    case RESERVATION_EXPIRED: return MOVEMENT_EXPIRE;
    default: return MOVEMENT_RELEASE;
    }
}

/* What every change of a hold leaves behind: counts, ledger, event. */
static struct status save(const struct inventory *inventory, struct db_tx *tx,
                          const struct reservation *reservation, const struct change *change,
                          const char *caller, struct arena *arena)
{
    const struct movement movement = {
        .kind = kind_of(reservation->status),
        .reservation_id = reservation->id,
        .reason = "",
        .caller = caller,
    };

    TRY(stock_repo_save_counts(tx, change->before, change->after, change->count, arena));
    TRY(movement_repo_insert(tx, inventory->ids, &movement, change->before, change->after,
                             change->count, arena));
    return inventory_tell_hold(inventory, tx, reservation, arena);
}

static struct status find_existing(struct db_tx *tx, struct reservation *want, struct arena *arena)
{
    struct reservation existing;
    bool found, changed;

    TRY(reservation_repo_find(tx, want->id, arena, &existing, &found));
    if (!found)
        return status_error(CODE_ABORTED, "CONTENTION", "the same hold was just rolled back");
    if (existing.status == RESERVATION_RELEASED || existing.status == RESERVATION_EXPIRED)
        return reservation_apply(&existing, RESERVATION_CONFIRM, &changed); /* says why not */
    if (!reservation_same(&existing, want))
        return status_error(CODE_INVALID_ARGUMENT, "REQUEST_ID_REUSED",
                            "reservation %lld holds something else", (long long)want->id);
    *want = existing;
    return STATUS_OK;
}

static void tell_shortage(const struct reservation *want, const struct change *change,
                          const struct stock *short_of, struct hold_shortage *ret)
{
    const size_t line = (size_t)(short_of - change->after);

    *ret = (struct hold_shortage){
        .sku_id = short_of->sku_id,
        .wanted = want->lines[line].quantity,
        .free = short_of->free,
    };
}

struct status hold_reserve(const struct inventory *inventory, struct reservation *want,
                           int64_t ttl_s, const char *caller, struct arena *arena,
                           struct hold_shortage *ret_shortage)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct change change;
    const struct stock *short_of = NULL;

    *ret_shortage = (struct hold_shortage){0};
    TRY(db_tx_begin(&tx, inventory->db));
    const struct status inserted = reservation_repo_insert(&tx, want, ttl_s);
    if (status_is(&inserted, "DUPLICATE_KEY"))
        return find_existing(&tx, want, arena);
    TRY(inserted);
    TRY(lock_stocks(&tx, want, arena, &change));
    const struct status held = reservation_hold(want, change.after, &short_of);
    if (!status_ok(&held)) {
        if (short_of)
            tell_shortage(want, &change, short_of, ret_shortage);
        return held;
    }
    TRY(reservation_repo_insert_lines(&tx, want, arena));
    TRY(reservation_repo_get_expiry(&tx, want->id, &want->expires_us));
    TRY(save(inventory, &tx, want, &change, caller, arena));
    return db_tx_commit(&tx);
}

struct status hold_end(const struct inventory *inventory, struct db_tx *tx,
                       struct reservation *reservation, enum reservation_event event,
                       const char *caller, struct arena *arena)
{
    struct change change;
    bool changed;

    TRY(reservation_apply(reservation, event, &changed));
    if (!changed)
        return STATUS_OK;
    TRY(lock_stocks(tx, reservation, arena, &change));
    TRY(reservation_end(reservation, change.after));
    TRY(reservation_repo_save_status(tx, reservation));
    return save(inventory, tx, reservation, &change, caller, arena);
}
