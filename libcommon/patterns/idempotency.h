#pragma once

/*
 * idempotency: the same request twice has one effect and one answer.
 *
 * A mutating handler claims (caller, method, request_id) first thing in its transaction and stores
 * its answer last, so the three are committed together or not at all. A request that comes again
 * gets the stored answer; with another body it is refused. Refusals are not stored: what rolled
 * back may be tried again.
 *
 *     TRY(idempotency_claim(&tx, rq, &in->base, &ret->base, &replayed));
 *     if (replayed)
 *         return STATUS_OK;
 *     ...
 *     TRY(idempotency_store(&tx, rq, &ret->base));
 *     return db_tx_commit(&tx);
 *
 * Kept for 48 h at least (housekeeping.h). Table: request (libcommon/patterns/migrations).
 */

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

#include "base/attributes.h"
#include "base/status.h"
#include "io/pb.h"

struct db_tx;
struct request;
struct rpc_method;

/*
 * `*ret_replayed`: `ret` is the stored answer (in the request's arena), nothing more is to be done.
 * A duplicate that is under way is waited for. INVALID_ARGUMENT REQUEST_ID_REUSED; ABORTED
 * REQUEST_IN_PROGRESS for a request whose saga still runs.
 */
MUST_USE SUSPENDS struct status idempotency_claim(struct db_tx *tx, struct request *rq,
                                                  const ProtobufCMessage *in, ProtobufCMessage *ret,
                                                  bool *ret_replayed);
/*
 * As idempotency_claim, but claims nothing: for a handler that asks other services before its
 * transaction, so that a request that was answered before is answered whatever they say now. The
 * transaction claims all the same.
 */
MUST_USE SUSPENDS struct status idempotency_peek(struct db_tx *tx, struct request *rq,
                                                 const ProtobufCMessage *in, ProtobufCMessage *ret,
                                                 bool *ret_replayed);
MUST_USE SUSPENDS struct status idempotency_store(struct db_tx *tx, struct request *rq,
                                                  const ProtobufCMessage *ret);

/*
 * For a request that a saga answers: its row is claimed when the saga is inserted and has no answer
 * until the pivot (saga_insert is told of it). These name the request by its parts, because the saga
 * may end in another process.
 */
MUST_USE SUSPENDS struct status idempotency_store_for(struct db_tx *tx, const char *caller,
                                                      const struct rpc_method *method,
                                                      const char *request_id,
                                                      struct pb_bytes answer);
/* `ret` becomes an answer as it is stored, its texts in the request's arena. */
MUST_USE struct status idempotency_unpack(struct request *rq, struct pb_bytes answer,
                                          ProtobufCMessage *ret);
/* The saga was undone: the request may be tried again. */
MUST_USE SUSPENDS struct status idempotency_forget(struct db_tx *tx, const char *caller,
                                                   const struct rpc_method *method,
                                                   const char *request_id);
/* The stored answer of a request that was claimed before; errors as of idempotency_claim. */
MUST_USE SUSPENDS struct status idempotency_find(struct db_tx *tx, struct request *rq,
                                                 const ProtobufCMessage *in, ProtobufCMessage *ret);
