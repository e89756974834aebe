#include "patterns/relay_read.h"

#include <string.h>

#include "base/clock.h"
#include "io/db.h"

enum {
    SINGLES_MAX = 256, /* numbers in one IN list */
    RANGE_MIN = 16,    /* from here on a range is read as one */
};

#define ROW_COLUMNS                                                                       \
    "SELECT seq, event_id, type, topic, aggregate_id, traceparent, payload, created_at, " \
    "UTC_TIMESTAMP(6) FROM outbox WHERE "

struct status relay_read_cursor(struct db *db, uint64_t *ret)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_read_begin(&tx, db));
    TRY(db_query(&tx, "SELECT seq FROM outbox_cursor WHERE id = 1", DB_NO_ARGS, &rows));
    *ret = db_rows_next(&rows) ? db_get_u64(&rows, 0) : 0;
    return STATUS_OK;
}

/* Never backwards: a holder that was slow must not undo what its successor knows. */
struct status relay_write_cursor(struct db *db, uint64_t cursor)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_tx_begin(&tx, db));
    TRY(db_exec(&tx,
                "INSERT INTO outbox_cursor (id, seq) VALUES (1, ?) "
                "ON DUPLICATE KEY UPDATE seq = GREATEST(seq, VALUES(seq))",
                DB_ARGS(DB_U64(cursor)), NULL));
    return db_tx_commit(&tx);
}

static struct relay_row *append(struct relay_rows *rows, struct arena *arena)
{
    if (rows->count == rows->room) {
        const size_t room = rows->room ? rows->room * 2 : RELAY_FORWARD_MAX;
        struct relay_row *list = arena_array_of(arena, struct relay_row, room);
        if (rows->count)
            memcpy(list, rows->list, rows->count * sizeof *list);
        rows->list = list;
        rows->room = room;
    }
    return &rows->list[rows->count++];
}

static void take_row(const struct db_rows *from, struct arena *arena, struct relay_rows *rows)
{
    relay_read_row(from, arena, append(rows, arena));
    rows->read_us = db_get_time(from, 8);
}

void relay_read_row(const struct db_rows *from, struct arena *arena, struct relay_row *ret)
{
    size_t payload_size;
    const void *payload = db_get_bytes(from, 6, &payload_size);

    *ret = (struct relay_row){
        .seq = db_get_u64(from, 0),
        .event_id = db_get_i64(from, 1),
        .type = arena_strdup(arena, db_get_text(from, 2)),
        .topic = arena_strdup(arena, db_get_text(from, 3)),
        .aggregate_id = db_get_i64(from, 4),
        .traceparent = arena_strdup(arena, db_get_text(from, 5)),
        .payload = arena_dup(arena, payload, payload_size),
        .payload_size = payload_size,
        .created_us = db_get_time(from, 7),
    };
}

struct status relay_read_forward(struct db_tx *tx, struct relay_gaps *gaps, struct arena *arena,
                                 struct relay_rows *rows)
{
    AUTO(db_rows_end) struct db_rows found = {0};

    TRY(db_query(tx, ROW_COLUMNS "seq > ? ORDER BY seq LIMIT 200", DB_ARGS(DB_U64(gaps->high)),
                 &found));
    const int64_t now_us = clock_mono_us();
    while (db_rows_next(&found)) {
        if (!relay_gaps_read(gaps, db_get_u64(&found, 0), now_us))
            break; /* no room for one more gap: the rest is read when some have closed */
        take_row(&found, arena, rows);
    }
    return STATUS_OK;
}

static void take_filled(struct relay_gaps *gaps, struct db_rows *found, struct arena *arena,
                        struct relay_rows *rows)
{
    while (db_rows_next(found))
        if (relay_gaps_fill(gaps, db_get_u64(found, 0)))
            take_row(found, arena, rows);
}

/* Numbers of short ranges that one statement looks for. */
struct singles {
    struct db_value *list; /* SINGLES_MAX */
    size_t count;
};

static struct status read_singles(struct db_tx *tx, struct relay_gaps *gaps,
                                  struct singles *numbers, struct arena *arena,
                                  struct relay_rows *rows)
{
    AUTO(db_rows_end) struct db_rows found = {0};
    const struct db_set set = {.values = numbers->list, .width = 1, .rows = numbers->count};

    if (!numbers->count)
        return STATUS_OK;
    TRY(db_query_set(tx, ROW_COLUMNS "seq IN ({,|?}) ORDER BY seq", DB_NO_ARGS, &set, 1, &found));
    take_filled(gaps, &found, arena, rows);
    numbers->count = 0;
    return STATUS_OK;
}

static struct status read_range(struct db_tx *tx, struct relay_gaps *gaps, struct relay_gap range,
                                struct arena *arena, struct relay_rows *rows)
{
    size_t count;

    do {
        AUTO(db_rows_end) struct db_rows found = {0};
        TRY(db_query(tx, ROW_COLUMNS "seq BETWEEN ? AND ? ORDER BY seq DESC LIMIT 200",
                     DB_ARGS(DB_U64(range.from), DB_U64(range.to)), &found));
        count = found.count;
        const size_t before = rows->count;
        take_filled(gaps, &found, arena, rows);
        if (rows->count > before)
            range.to = rows->list[rows->count - 1].seq - 1;
    } while (count == RELAY_FORWARD_MAX && range.from <= range.to);
    return STATUS_OK;
}

/*
 * From the highest number down: what one statement finds has its predecessors visible to the next.
 * Reading changes the gaps, so what to look for is noted first.
 */
struct status relay_read_gaps(struct db_tx *tx, struct relay_gaps *gaps, struct arena *arena,
                              struct relay_rows *rows)
{
    const size_t range_count = gaps->count;
    const struct relay_gap *ranges =
        arena_dup(arena, gaps->list, range_count * sizeof gaps->list[0]);
    struct singles numbers = {.list = arena_array_of(arena, struct db_value, SINGLES_MAX)};

    for (size_t i = range_count; i-- > 0;) {
        const uint64_t length = ranges[i].to - ranges[i].from + 1;
        if (length >= RANGE_MIN || numbers.count + length > SINGLES_MAX)
            TRY(read_singles(tx, gaps, &numbers, arena, rows));
        if (length >= RANGE_MIN) {
            TRY(read_range(tx, gaps, ranges[i], arena, rows));
            continue;
        }
        for (uint64_t seq = ranges[i].from; seq <= ranges[i].to; seq++)
            numbers.list[numbers.count++] = DB_U64(seq);
    }
    return read_singles(tx, gaps, &numbers, arena, rows);
}
