#include "patterns/outbox.h"

#include <string.h>

#include "base/arena.h"
#include "base/mem.h"
#include "io/db.h"
#include "io/pb.h"
#include "observe/trace.h"
#include "patterns/ids.h"

enum { COLUMNS = 6, ARENA_MAX = OUTBOX_BATCH_BYTES_MAX + 1024 * 1024 };

struct outbox {
    struct ids *ids;
    const char *source;
    void (*on_add)(void *arg);
    void *on_add_arg;
};

struct outbox *outbox_new(struct ids *ids, const char *source)
{
    struct outbox *outbox = mem_new(struct outbox);

    outbox->ids = ids;
    outbox->source = source;
    return outbox;
}

void outbox_free(struct outbox *outbox)
{
    mem_free(outbox);
}

static int64_t key_of(const struct outbox_event *event)
{
    int64_t key;

    memcpy(&key, (const char *)event->message + event->type->key_offset, sizeof key);
    return key;
}

static struct status fill_row(const struct outbox *outbox, const struct outbox_event *event,
                              const char *parent, struct arena *arena, struct db_value *row)
{
    int64_t event_id;

    if (event->message->descriptor != event->type->message)
        BUG("%s is no value of %s", event->message->descriptor->name, event->type->type);
    const size_t size = protobuf_c_message_get_packed_size(event->message);
    if (size > OUTBOX_EVENT_MAX || arena_used(arena) + size > OUTBOX_BATCH_BYTES_MAX)
        return status_error(CODE_FAILED_PRECONDITION, "EVENT_TOO_LARGE", "%s of %zu bytes",
                            event->type->type, size);
    const struct pb_bytes payload = pb_pack(event->message, arena);
    TRY(ids_next(outbox->ids, &event_id));
    row[0] = DB_I64(event_id);
    row[1] = DB_TEXT(event->type->type);
    row[2] = DB_TEXT(event->type->topic);
    row[3] = DB_I64(key_of(event));
    row[4] = DB_TEXT(parent);
    row[5] = DB_BYTES(payload.at, payload.size);
    return STATUS_OK;
}

struct status outbox_add(struct outbox *outbox, struct db_tx *tx, const struct outbox_event *events,
                         size_t count)
{
    AUTO(arena_freep) struct arena *arena = arena_new(ARENA_MAX);
    char parent[TRACEPARENT_LENGTH + 1];

    if (count > OUTBOX_BATCH_MAX)
        return status_error(CODE_INTERNAL, "INTERNAL", "%zu events in one batch", count);
    trace_parent(trace_current(), parent);
    struct db_value *rows = arena_array_of(arena, struct db_value, count * COLUMNS);
    for (size_t i = 0; i < count; i++)
        TRY(fill_row(outbox, &events[i], parent, arena, &rows[i * COLUMNS]));
    TRY(db_insert_rows(
        tx,
        "INSERT INTO outbox (day, event_id, type, topic, aggregate_id, traceparent, payload) "
        "VALUES {,|(UTC_DATE(), ?, ?, ?, ?, ?, ?)}",
        (struct db_set){.values = rows, .width = COLUMNS, .rows = count}, NULL));
    if (outbox->on_add)
        outbox->on_add(outbox->on_add_arg);
    return STATUS_OK;
}

struct status outbox_add_one(struct outbox *outbox, struct db_tx *tx, const struct event_type *type,
                             const ProtobufCMessage *message)
{
    const struct outbox_event event = {.type = type, .message = message};
    return outbox_add(outbox, tx, &event, 1);
}

const char *outbox_source(const struct outbox *outbox)
{
    return outbox->source;
}

void outbox_on_add(struct outbox *outbox, void (*fn)(void *arg), void *arg)
{
    outbox->on_add = fn;
    outbox->on_add_arg = arg;
}
