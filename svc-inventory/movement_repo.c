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

struct status movement_repo_find(struct db_tx *tx, int64_t sku_id, int64_t before_id, size_t most,
                                 struct arena *arena, struct movement_record **ret,
                                 size_t *ret_count)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx,
                 "SELECT movement_id, kind, free_delta, held_delta, sold_delta, reservation_id, "
                 "reason, caller, created_at FROM movement WHERE sku_id = ? AND movement_id < ? "
                 "ORDER BY movement_id DESC LIMIT ?",
                 DB_ARGS(DB_I64(sku_id), DB_I64(before_id), DB_U64(most)), &rows));
    *ret = arena_array_of(arena, struct movement_record, rows.count);
    for (*ret_count = 0; db_rows_next(&rows); ++*ret_count)
        (*ret)[*ret_count] = (struct movement_record){
            .id = db_get_i64(&rows, 0),
            .why = {.kind = (enum movement_kind)db_get_i64(&rows, 1),
                    .reservation_id = db_get_i64(&rows, 5),
                    .reason = arena_strdup(arena, db_get_text(&rows, 6)),
                    .caller = arena_strdup(arena, db_get_text(&rows, 7))},
            .free_delta = db_get_i64(&rows, 2),
            .held_delta = db_get_i64(&rows, 3),
            .sold_delta = db_get_i64(&rows, 4),
            .created_us = db_get_time(&rows, 8),
        };
    return STATUS_OK;
}
