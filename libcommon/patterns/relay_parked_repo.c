#include "patterns/relay_parked_repo.h"

#include "io/db.h"

enum { COLUMNS = 9 };

struct status relay_parked_names(struct db *db, size_t most, struct arena *arena,
                                 const char **ret_names, size_t *ret_count)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_read_begin(&tx, db));
    TRY(db_query(&tx, "SELECT DISTINCT queue FROM outbox_parked ORDER BY queue LIMIT ?",
                 DB_ARGS(DB_U64(most)), &rows));
    *ret_count = 0;
    while (db_rows_next(&rows))
        ret_names[(*ret_count)++] = arena_strdup(arena, db_get_text(&rows, 0));
    return STATUS_OK;
}

struct status relay_parked_add(struct db *db, const struct relay_row *rows,
                               const char *const *queues, size_t count, struct arena *arena)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct db_value *values = arena_array_of(arena, struct db_value, count * COLUMNS);

    for (size_t i = 0; i < count; i++) {
        const struct relay_row *row = &rows[i];
        const struct db_value of_row[COLUMNS] = {
            DB_U64(row->seq),          DB_TEXT(queues[i]),
            DB_I64(row->event_id),     DB_TEXT(row->type),
            DB_TEXT(row->topic),       DB_I64(row->aggregate_id),
            DB_TEXT(row->traceparent), DB_BYTES(row->payload, row->payload_size),
            DB_TIME(row->created_us),
        };
        for (size_t column = 0; column < COLUMNS; column++)
            values[i * COLUMNS + column] = of_row[column];
    }
    TRY(db_tx_begin(&tx, db));
    TRY(db_insert_rows(&tx,
                       "INSERT INTO outbox_parked (seq, queue, event_id, type, topic, "
                       "aggregate_id, traceparent, payload, created_at) "
                       "VALUES {,|(?, ?, ?, ?, ?, ?, ?, ?, ?)} "
                       "ON DUPLICATE KEY UPDATE topic = VALUES(topic)",
                       (struct db_set){.values = values, .width = COLUMNS, .rows = count}, NULL));
    return db_tx_commit(&tx);
}

struct status relay_parked_first(struct db *db, const char *queue, struct arena *arena,
                                 struct relay_row *ret)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    AUTO(db_rows_end) struct db_rows rows = {0};

    *ret = (struct relay_row){0};
    TRY(db_read_begin(&tx, db));
    TRY(db_query(&tx,
                 "SELECT seq, event_id, type, topic, aggregate_id, traceparent, payload, "
                 "created_at FROM outbox_parked WHERE queue = ? ORDER BY seq LIMIT 1",
                 DB_ARGS(DB_TEXT(queue)), &rows));
    if (db_rows_next(&rows))
        relay_read_row(&rows, arena, ret);
    return STATUS_OK;
}

struct status relay_parked_move(struct db *db, const char *queue, int64_t aggregate_id,
                                const char *to)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_tx_begin(&tx, db));
    TRY(db_exec(&tx, "UPDATE outbox_parked SET queue = ? WHERE queue = ? AND aggregate_id = ?",
                DB_ARGS(DB_TEXT(to), DB_TEXT(queue), DB_I64(aggregate_id)), NULL));
    return db_tx_commit(&tx);
}

struct status relay_parked_remove(struct db *db, uint64_t seq)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_tx_begin(&tx, db));
    TRY(db_exec(&tx, "DELETE FROM outbox_parked WHERE seq = ?", DB_ARGS(DB_U64(seq)), NULL));
    return db_tx_commit(&tx);
}

struct status relay_parked_count(struct db *db, uint64_t *ret)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_read_begin(&tx, db));
    TRY(db_query(&tx, "SELECT COUNT(*) FROM outbox_parked", DB_NO_ARGS, &rows));
    *ret = db_rows_next(&rows) ? db_get_u64(&rows, 0) : 0;
    return STATUS_OK;
}
