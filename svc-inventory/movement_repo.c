#include "movement_repo.h"

#include <string.h>

#include "io/db.h"
#include "patterns/ids.h"

struct status movement_repo_insert(struct db_tx *tx, struct ids *ids,
                                   const struct movement *movement, const struct stock *before,
                                   const struct stock *after, size_t count, struct arena *arena)
{
    enum { WIDTH = 9 };
    struct db_value *values = arena_array_of(arena, struct db_value, count * WIDTH);

    for (size_t i = 0; i < count; i++) {
        int64_t id;
        TRY(ids_next(ids, &id));
        const struct db_value row[WIDTH] = {
            DB_I64(after[i].sku_id),
            DB_I64(id),
            DB_I64(movement->kind),
            DB_I64(after[i].free - before[i].free),
            DB_I64(after[i].held - before[i].held),
            DB_I64(after[i].sold - before[i].sold),
            DB_I64(movement->reservation_id),
            DB_TEXT(movement->reason),
            DB_TEXT(movement->caller),
        };
        memcpy(&values[i * WIDTH], row, sizeof row);
    }
    return db_insert_rows(
        tx,
        "INSERT INTO movement (sku_id, movement_id, kind, free_delta, held_delta, sold_delta, "
        "reservation_id, reason, caller, created_at) "
        "VALUES {,|(?, ?, ?, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(6))}",
        (struct db_set){.values = values, .width = WIDTH, .rows = count}, NULL);
}
