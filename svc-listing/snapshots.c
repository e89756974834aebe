#include "snapshots.h"

#include "io/db.h"
#include "item_repo.h"
#include "patterns/ids.h"

static struct status read_states(const struct catalog *catalog, const int64_t *sku_ids,
                                 size_t count, struct arena *arena, struct sku_state **ret,
                                 size_t *ret_count)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_read_begin(&tx, catalog->db));
    return snapshot_repo_find_skus(&tx, sku_ids, count, arena, ret, ret_count);
}

/* Items on sale whose present content nobody has kept yet; each once. */
static size_t find_unkept(const struct sku_state *states, size_t count, int64_t *ret_ids)
{
    size_t unkept = 0;

    for (size_t i = 0; i < count; i++) {
        bool is_new = states[i].status == ITEM_ONLINE && !states[i].snapshot_id;
        for (size_t k = 0; k < unkept; k++)
            is_new &= ret_ids[k] != states[i].item_id;
        if (is_new)
            ret_ids[unkept++] = states[i].item_id;
    }
    return unkept;
}

static struct status keep(const struct catalog *catalog, const int64_t *item_ids, size_t count,
                          struct arena *arena)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    int64_t *snapshot_ids = arena_array_of(arena, int64_t, count);
    struct item *items;
    size_t found;

    TRY(db_tx_begin(&tx, catalog->db));
    TRY(item_repo_find_many(&tx, item_ids, count, arena, &items, &found));
    for (size_t i = 0; i < found; i++)
        TRY(ids_next(catalog->ids, &snapshot_ids[i]));
    TRY(snapshot_repo_insert(&tx, items, snapshot_ids, found, arena));
    return db_tx_commit(&tx);
}

struct status snapshots_ensure(const struct catalog *catalog, const int64_t *sku_ids, size_t count,
                               struct arena *arena, struct sku_state **ret, size_t *ret_count)
{
    int64_t *item_ids = arena_array_of(arena, int64_t, count);
    struct sku_state *states;
    size_t state_count;

    TRY(read_states(catalog, sku_ids, count, arena, &states, &state_count));
    const size_t unkept = find_unkept(states, state_count, item_ids);
    if (unkept) {
        TRY(keep(catalog, item_ids, unkept, arena));
        TRY(read_states(catalog, sku_ids, count, arena, &states, &state_count));
        if (find_unkept(states, state_count, item_ids))
            return status_error(CODE_ABORTED, "CONTENTION", "an item has just changed");
    }
    *ret = states;
    *ret_count = state_count;
    return STATUS_OK;
}
