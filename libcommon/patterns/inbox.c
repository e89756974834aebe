#include "patterns/inbox.h"

#include <string.h>

#include "io/db.h"

struct status inbox_claim(struct db_tx *tx, const char *consumer, const char *source,
                          const char *id, bool *ret_new)
{
    const struct status st = db_exec(
        tx, "INSERT INTO inbox (consumer, ce_source, ce_id, at) VALUES (?, ?, ?, UTC_TIMESTAMP(6))",
        DB_ARGS(DB_TEXT(consumer), DB_TEXT(source), DB_TEXT(id)), NULL);

    *ret_new = status_ok(&st);
    return status_is(&st, "DUPLICATE_KEY") ? STATUS_OK : st;
}

struct status inbox_has(struct db_tx *tx, const char *consumer, const char *source, const char *id,
                        bool *ret_known)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx, "SELECT 1 FROM inbox WHERE consumer = ? AND ce_source = ? AND ce_id = ?",
                 DB_ARGS(DB_TEXT(consumer), DB_TEXT(source), DB_TEXT(id)), &rows));
    *ret_known = rows.count;
    return STATUS_OK;
}

static bool is_among(const struct consumer_event *events, size_t count, const char *id)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(events[i].id, id) == 0)
            return true;
    return false;
}

static void set_known(const struct consumer_event *events, size_t count, const char *id,
                      bool *is_new)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(events[i].id, id) == 0)
            is_new[i] = false;
}

static struct status find_known(struct db_tx *tx, const char *consumer,
                                const struct consumer_event *events, size_t count,
                                struct arena *arena, bool *is_new)
{
    AUTO(db_rows_end) struct db_rows rows = {0};
    struct db_value *ids = arena_array_of(arena, struct db_value, count);
    const struct db_set set = {.values = ids, .width = 1, .rows = count};

    for (size_t i = 0; i < count; i++)
        ids[i] = DB_TEXT(events[i].id);
    TRY(db_query_set(tx,
                     "SELECT ce_id FROM inbox "
                     "WHERE consumer = ? AND ce_source = ? AND ce_id IN ({,|?})",
                     DB_ARGS(DB_TEXT(consumer), DB_TEXT(events[0].source)), &set, 1, &rows));
    while (db_rows_next(&rows))
        set_known(events, count, db_get_text(&rows, 0), is_new);
    return STATUS_OK;
}

static struct status insert(struct db_tx *tx, const char *consumer,
                            const struct consumer_event *events, size_t count, struct arena *arena,
                            const bool *is_new)
{
    struct db_value *values = arena_array_of(arena, struct db_value, 3 * count);
    struct db_set set = {.values = values, .width = 3};

    for (size_t i = 0; i < count; i++) {
        if (!is_new[i])
            continue;
        values[3 * set.rows] = DB_TEXT(consumer);
        values[3 * set.rows + 1] = DB_TEXT(events[i].source);
        values[3 * set.rows + 2] = DB_TEXT(events[i].id);
        set.rows++;
    }
    return db_insert_rows(tx,
                          "INSERT INTO inbox (consumer, ce_source, ce_id, at) "
                          "VALUES {,|(?, ?, ?, UTC_TIMESTAMP(6))}",
                          set, NULL);
}

struct status inbox_claim_many(struct db_tx *tx, const char *consumer,
                               const struct consumer_event *events, size_t count,
                               struct arena *arena, bool *ret_new)
{
    for (size_t i = 0; i < count; i++)
        ret_new[i] = !is_among(events, i, events[i].id);
    TRY(find_known(tx, consumer, events, count, arena, ret_new));
    return insert(tx, consumer, events, count, arena, ret_new);
}
