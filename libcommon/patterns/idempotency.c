#include "patterns/idempotency.h"

#include <string.h>
#include <xxhash.h>

#include "io/db.h"
#include "io/pb.h"
#include "io/request.h"

/* Equal requests pack to equal bytes; unknown fields are part of them. */
static void digest_of(const ProtobufCMessage *in, struct arena *arena,
                      XXH128_canonical_t *ret_digest)
{
    const struct pb_bytes bytes = pb_pack(in, arena);
    XXH128_canonicalFromHash(ret_digest, XXH3_128bits(bytes.at, bytes.size));
}

/* Waits behind a duplicate whose transaction is open: its unique key is locked until it ends. */
static struct status insert(struct db_tx *tx, const struct request *rq,
                            const XXH128_canonical_t *digest)
{
    return db_exec(tx,
                   "INSERT INTO request (caller, method, request_id, digest, created_at) "
                   "VALUES (?, ?, ?, ?, UTC_TIMESTAMP(6))",
                   DB_ARGS(DB_TEXT(rq->caller.key), DB_TEXT(rq->method->path),
                           DB_TEXT(rq->request_id), DB_BYTES(digest, sizeof *digest)),
                   NULL);
}

struct status idempotency_unpack(struct request *rq, struct pb_bytes answer, ProtobufCMessage *ret)
{
    const ProtobufCMessage *message = pb_unpack(ret->descriptor, answer.at, answer.size, rq->arena);

    if (!message)
        return status_error(CODE_INTERNAL, "INTERNAL", "the stored answer is no %s",
                            ret->descriptor->short_name);
    memcpy(ret, message, ret->descriptor->sizeof_message);
    return STATUS_OK;
}

static struct status read_answer(struct db_tx *tx, struct request *rq,
                                 const XXH128_canonical_t *digest, ProtobufCMessage *ret,
                                 bool *ret_found)
{
    AUTO(db_rows_end) struct db_rows rows = {0};
    size_t size;

    TRY(db_query(
        tx,
        "SELECT digest, answer FROM request "
        "WHERE caller = ? AND method = ? AND request_id = ?",
        DB_ARGS(DB_TEXT(rq->caller.key), DB_TEXT(rq->method->path), DB_TEXT(rq->request_id)),
        &rows));
    *ret_found = db_rows_next(&rows);
    if (!*ret_found)
        return STATUS_OK;
    const void *stored = db_get_bytes(&rows, 0, &size);
    if (size != sizeof *digest || memcmp(stored, digest, size) != 0)
        return status_error(CODE_INVALID_ARGUMENT, "REQUEST_ID_REUSED",
                            "request_id was used with another body");
    if (db_get_is_null(&rows, 1))
        return status_error(CODE_ABORTED, "REQUEST_IN_PROGRESS",
                            "the same request is still being worked on");
    const void *answer = db_get_bytes(&rows, 1, &size);
    return idempotency_unpack(rq, (struct pb_bytes){arena_dup(rq->arena, answer, size), size}, ret);
}

static struct status replay(struct db_tx *tx, struct request *rq, const XXH128_canonical_t *digest,
                            ProtobufCMessage *ret)
{
    bool found;

    TRY(read_answer(tx, rq, digest, ret, &found));
    if (!found)
        return status_error(CODE_ABORTED, "CONTENTION", "the same request was just rolled back");
    return STATUS_OK;
}

struct status idempotency_claim(struct db_tx *tx, struct request *rq, const ProtobufCMessage *in,
                                ProtobufCMessage *ret, bool *ret_replayed)
{
    XXH128_canonical_t digest;

    digest_of(in, rq->arena, &digest);
    const struct status st = insert(tx, rq, &digest);
    *ret_replayed = status_is(&st, "DUPLICATE_KEY");
    return *ret_replayed ? replay(tx, rq, &digest, ret) : st;
}

struct status idempotency_peek(struct db_tx *tx, struct request *rq, const ProtobufCMessage *in,
                               ProtobufCMessage *ret, bool *ret_replayed)
{
    XXH128_canonical_t digest;

    digest_of(in, rq->arena, &digest);
    return read_answer(tx, rq, &digest, ret, ret_replayed);
}

struct status idempotency_find(struct db_tx *tx, struct request *rq, const ProtobufCMessage *in,
                               ProtobufCMessage *ret)
{
    XXH128_canonical_t digest;

    digest_of(in, rq->arena, &digest);
    return replay(tx, rq, &digest, ret);
}

struct status idempotency_store_for(struct db_tx *tx, const char *caller,
                                    const struct rpc_method *method, const char *request_id,
                                    struct pb_bytes answer)
{
    return db_exec(tx,
                   "UPDATE request SET answer = ? "
                   "WHERE caller = ? AND method = ? AND request_id = ?",
                   DB_ARGS(DB_BYTES(answer.at, answer.size), DB_TEXT(caller), DB_TEXT(method->path),
                           DB_TEXT(request_id)),
                   NULL);
}

struct status idempotency_store(struct db_tx *tx, struct request *rq, const ProtobufCMessage *ret)
{
    return idempotency_store_for(tx, rq->caller.key, rq->method, rq->request_id,
                                 pb_pack(ret, rq->arena));
}

struct status idempotency_forget(struct db_tx *tx, const char *caller,
                                 const struct rpc_method *method, const char *request_id)
{
    return db_exec(tx, "DELETE FROM request WHERE caller = ? AND method = ? AND request_id = ?",
                   DB_ARGS(DB_TEXT(caller), DB_TEXT(method->path), DB_TEXT(request_id)), NULL);
}
