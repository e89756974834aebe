#include "patterns/parked_repo.h"

#include <string.h>

#include "base/str.h"
#include "io/db.h"
#include "patterns/dead_letter.h"
#include "patterns/parking.h"

enum { KEY_MAX = 255, CAUSE_MAX = 255 };

#define NEVER "TIMESTAMP'9999-12-31 00:00:00'"

/* Keys of ours are short numbers; two that begin with the same 255 bytes hold each other up. */
static struct db_value key_of(const struct mq_message *message)
{
    return DB_BYTES(message->key ? message->key : "",
                    message->key_size < KEY_MAX ? message->key_size : KEY_MAX);
}

static struct status find_first(struct db_tx *tx, const char *consumer,
                                const struct mq_message *message, uint64_t *ret_id)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx,
                 "SELECT id FROM parked_event WHERE consumer = ? AND topic = ? AND event_key = ? "
                 "ORDER BY id LIMIT 1",
                 DB_ARGS(DB_TEXT(consumer), DB_TEXT(message->topic), key_of(message)), &rows));
    *ret_id = db_rows_next(&rows) ? db_get_u64(&rows, 0) : 0;
    return STATUS_OK;
}

struct status parked_lock(struct db_tx *tx, uint64_t id, uint64_t *ret_id)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx, "SELECT id FROM parked_event WHERE id = ? FOR UPDATE", DB_ARGS(DB_U64(id)),
                 &rows));
    *ret_id = db_rows_next(&rows) ? id : 0;
    return STATUS_OK;
}

/* Found first, then locked by id, as by all others (ADR 0046). Who left meanwhile has a next. */
struct status parked_lock_key(struct db_tx *tx, const char *consumer,
                              const struct mq_message *message, uint64_t *ret_id)
{
    uint64_t first, locked = 0;

    do {
        TRY(find_first(tx, consumer, message, &first));
        if (first)
            TRY(parked_lock(tx, first, &locked));
    } while (first != locked);
    *ret_id = locked;
    return STATUS_OK;
}

static struct status check_room(struct db_tx *tx, const char *consumer,
                                const struct mq_message *message)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx,
                 "SELECT COUNT(*), "
                 "COALESCE(SUM(CASE WHEN topic = ? AND event_key = ? THEN 1 ELSE 0 END), 0) "
                 "FROM parked_event WHERE consumer = ?",
                 DB_ARGS(DB_TEXT(message->topic), key_of(message), DB_TEXT(consumer)), &rows));
    if (db_rows_next(&rows) &&
        (db_get_i64(&rows, 0) >= PARKING_MAX || db_get_i64(&rows, 1) >= PARKING_OF_KEY_MAX))
        return status_error(CODE_RESOURCE_EXHAUSTED, "OVERLOADED",
                            "no room to park one more event of %s", consumer);
    return STATUS_OK;
}

static const char *cause_of(const struct status *failure, struct arena *arena)
{
    if (!failure)
        return "";
    return arena_printf(arena, "%s %s %s", code_name(failure->code),
                        failure->reason ? failure->reason : "-", failure->detail);
}

struct status parked_add(struct db_tx *tx, const char *consumer, const struct mq_message *message,
                         int64_t wait_us, const struct status *failure, struct arena *arena)
{
    const struct dead_letter_headers headers = dead_letter_pack(message, arena);
    const char *source, *id;

    TRY(check_room(tx, consumer, message));
    dead_letter_identity(message, arena, &source, &id);
    return db_exec(
        tx,
        "INSERT INTO parked_event (consumer, ce_source, ce_id, topic, event_key, at_partition, "
        "at_offset, headers, payload, tries, cause, parked_at, next_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(6), "
        "CASE WHEN ? = 0 THEN " NEVER " ELSE UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND END) "
        "ON DUPLICATE KEY UPDATE topic = VALUES(topic)",
        DB_ARGS(DB_TEXT(consumer), DB_TEXT(source), DB_TEXT(id), DB_TEXT(message->topic),
                key_of(message), DB_I64(message->partition), DB_I64(message->offset),
                DB_BYTES(headers.at, headers.size),
                message->value ? DB_BYTES(message->value, message->value_size) : DB_NULL,
                DB_I64(failure ? 1 : 0), DB_TEXT(cause_of(failure, arena)), DB_I64(wait_us),
                DB_I64(wait_us)),
        NULL);
}

struct status parked_find_due(struct db *db, const char *consumer, uint64_t *ret_id)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_read_begin(&tx, db));
    TRY(db_query(&tx,
                 "SELECT id FROM parked_event WHERE consumer = ? AND next_at <= UTC_TIMESTAMP(6) "
                 "ORDER BY next_at LIMIT 1",
                 DB_ARGS(DB_TEXT(consumer)), &rows));
    *ret_id = db_rows_next(&rows) ? db_get_u64(&rows, 0) : 0;
    return STATUS_OK;
}

static struct status read_parked(struct db_tx *tx, uint64_t id, struct arena *arena,
                                 struct parked *ret)
{
    AUTO(db_rows_end) struct db_rows rows = {0};
    struct mq_message *message = &ret->message;
    struct dead_letter_headers headers;

    TRY(db_query(tx,
                 "SELECT topic, event_key, at_partition, at_offset, headers, payload, tries, "
                 "parked_at, UTC_TIMESTAMP(6), next_at FROM parked_event WHERE id = ?",
                 DB_ARGS(DB_U64(id)), &rows));
    if (!db_rows_next(&rows))
        return status_error(CODE_ABORTED, "CONTENTION", "a parked event has just gone");
    *ret = (struct parked){
        .id = id,
        .tries = (unsigned)db_get_u64(&rows, 6),
        .age_us = db_get_time(&rows, 8) - db_get_time(&rows, 7),
        .until_us = db_get_time(&rows, 9),
    };
    message->topic = arena_strdup(arena, db_get_text(&rows, 0));
    const void *key = db_get_bytes(&rows, 1, &message->key_size);
    message->key = arena_dup(arena, key, message->key_size);
    message->partition = (int32_t)db_get_i64(&rows, 2);
    message->offset = db_get_i64(&rows, 3);
    headers.at = db_get_bytes(&rows, 4, &headers.size);
    dead_letter_unpack(headers, arena, message);
    if (!db_get_is_null(&rows, 5)) {
        const void *value = db_get_bytes(&rows, 5, &message->value_size);
        message->value = arena_dup(arena, value, message->value_size);
    }
    return STATUS_OK;
}

struct status parked_claim(struct db *db, uint64_t id, int64_t claim_us, struct arena *arena,
                           struct parked *ret, bool *ret_claimed)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    uint64_t affected;

    TRY(db_tx_begin(&tx, db));
    TRY(db_exec(&tx,
                "UPDATE parked_event SET next_at = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND "
                "WHERE id = ? AND next_at <= UTC_TIMESTAMP(6)",
                DB_ARGS(DB_I64(claim_us), DB_U64(id)), &affected));
    *ret_claimed = affected == 1;
    if (*ret_claimed)
        TRY(read_parked(&tx, id, arena, ret));
    return db_tx_commit(&tx);
}

struct status parked_release(struct db_tx *tx, const struct parked *parked)
{
    return db_exec(tx, "DELETE FROM parked_event WHERE id = ?", DB_ARGS(DB_U64(parked->id)), NULL);
}

struct status parked_make_next_due(struct db_tx *tx, const char *consumer,
                                   const struct mq_message *message)
{
    uint64_t first;

    TRY(find_first(tx, consumer, message, &first));
    return db_exec(tx,
                   "UPDATE parked_event SET next_at = UTC_TIMESTAMP(6), "
                   "parked_at = UTC_TIMESTAMP(6) WHERE id = ?",
                   DB_ARGS(DB_U64(first)), NULL);
}

static const char *cut(const char *cause, char *to)
{
    const size_t length = strnlen(cause, CAUSE_MAX);

    memcpy(to, cause, length);
    to[length] = '\0';
    str_trim_utf8(to);
    return to;
}

struct status parked_postpone(struct db *db, const struct parked *parked, int64_t wait_us)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_tx_begin(&tx, db));
    TRY(db_exec(&tx,
                "UPDATE parked_event SET next_at = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND "
                "WHERE id = ? AND next_at = ?",
                DB_ARGS(DB_I64(wait_us), DB_U64(parked->id), DB_TIME(parked->until_us)), NULL));
    return db_tx_commit(&tx);
}

struct status parked_fail(struct db *db, const struct parked *parked, int64_t wait_us,
                          const char *cause)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    char shown[CAUSE_MAX + 1];

    TRY(db_tx_begin(&tx, db));
    TRY(db_exec(&tx,
                "UPDATE parked_event SET tries = tries + 1, cause = ?, "
                "next_at = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND WHERE id = ? AND next_at = ?",
                DB_ARGS(DB_TEXT(cut(cause, shown)), DB_I64(wait_us), DB_U64(parked->id),
                        DB_TIME(parked->until_us)),
                NULL));
    return db_tx_commit(&tx);
}

struct status parked_bury(struct db *db, const struct parked *parked, const char *cause)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    char shown[CAUSE_MAX + 1];

    TRY(db_tx_begin(&tx, db));
    TRY(db_exec(&tx,
                "UPDATE parked_event SET tries = tries + 1, cause = ?, "
                "dead_at = UTC_TIMESTAMP(6), next_at = " NEVER " WHERE id = ? AND next_at = ?",
                DB_ARGS(DB_TEXT(cut(cause, shown)), DB_U64(parked->id), DB_TIME(parked->until_us)),
                NULL));
    return db_tx_commit(&tx);
}

struct status parked_remove(struct db *db, const struct parked *parked)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_tx_begin(&tx, db));
    TRY(db_exec(&tx, "DELETE FROM parked_event WHERE id = ? AND next_at = ?",
                DB_ARGS(DB_U64(parked->id), DB_TIME(parked->until_us)), NULL));
    return db_tx_commit(&tx);
}

static struct status find_event(struct db_tx *tx, const char *consumer,
                                const struct mq_message *message, struct arena *arena,
                                uint64_t *ret_id)
{
    AUTO(db_rows_end) struct db_rows rows = {0};
    const char *source, *id;

    dead_letter_identity(message, arena, &source, &id);
    TRY(db_query(tx,
                 "SELECT id FROM parked_event WHERE consumer = ? AND ce_source = ? AND ce_id = ?",
                 DB_ARGS(DB_TEXT(consumer), DB_TEXT(source), DB_TEXT(id)), &rows));
    *ret_id = db_rows_next(&rows) ? db_get_u64(&rows, 0) : 0;
    return STATUS_OK;
}

struct status parked_revive(struct db_tx *tx, const char *consumer,
                            const struct mq_message *message, struct arena *arena,
                            bool *ret_revived)
{
    const struct dead_letter_headers headers = dead_letter_pack(message, arena);
    uint64_t id, affected;

    TRY(find_event(tx, consumer, message, arena, &id));
    TRY(db_exec(tx,
                "UPDATE parked_event SET dead_at = NULL, tries = 0, headers = ?, payload = ?, "
                "parked_at = UTC_TIMESTAMP(6), next_at = UTC_TIMESTAMP(6) "
                "WHERE id = ? AND (dead_at IS NOT NULL OR next_at < " NEVER ")",
                DB_ARGS(DB_BYTES(headers.at, headers.size),
                        message->value ? DB_BYTES(message->value, message->value_size) : DB_NULL,
                        DB_U64(id)),
                &affected));
    *ret_revived = affected == 1;
    return STATUS_OK;
}

struct status parked_discard(struct db_tx *tx, const char *consumer,
                             const struct mq_message *message, struct arena *arena, bool *ret_found)
{
    uint64_t id, affected;

    TRY(find_event(tx, consumer, message, arena, &id));
    TRY(db_exec(tx, "DELETE FROM parked_event WHERE id = ?", DB_ARGS(DB_U64(id)), &affected));
    *ret_found = affected;
    return STATUS_OK;
}

struct status parked_count(struct db *db, const char *consumer, struct parked_count *ret)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_read_begin(&tx, db));
    TRY(db_query(&tx, "SELECT COUNT(*), COUNT(dead_at) FROM parked_event WHERE consumer = ?",
                 DB_ARGS(DB_TEXT(consumer)), &rows));
    if (db_rows_next(&rows))
        *ret = (struct parked_count){.all = db_get_u64(&rows, 0), .dead = db_get_u64(&rows, 1)};
    return STATUS_OK;
}
