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
 * Kept for 48 h at least. Table: request (libcommon/patterns/migrations).
 */

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

#include "base/attributes.h"
#include "base/status.h"

struct db_tx;
struct request;

/*
 * `*ret_replayed`: `ret` is the stored answer (in the request's arena), nothing more is to be done.
 * A duplicate that is under way is waited for. INVALID_ARGUMENT REQUEST_ID_REUSED; ABORTED
 * REQUEST_IN_PROGRESS for a request whose saga still runs.
 */
MUST_USE SUSPENDS struct status idempotency_claim(struct db_tx *tx, struct request *rq,
                                                  const ProtobufCMessage *in, ProtobufCMessage *ret,
                                                  bool *ret_replayed);
MUST_USE SUSPENDS struct status idempotency_store(struct db_tx *tx, struct request *rq,
                                                  const ProtobufCMessage *ret);
