#pragma once

/*
 * rpc_client: calls to one peer service. The typed functions are generated (souk/.../x.client.h);
 * all come down to rpc_client_call.
 *
 * A call ends at the task's deadline, or after the contract's own when that is sooner; the
 * deadline, the trace and the request id go along. A task that is cancelled cancels its call.
 * UNAVAILABLE, and RESOURCE_EXHAUSTED that says when to come back, is tried again, twice at the
 * most and while the deadline allows, with the same bytes: every method either reads or is
 * idempotent by its request_id. Retries have a budget (base/retry_budget.h). A peer that mostly
 * fails, all its replicas together, is left alone for a while: UNAVAILABLE at once
 * (base/breaker.h).
 *
 * Hedging is off unless the options say so: a read that takes long is sent a second time, at the
 * cost of the retry budget, and the first answer counts.
 */

#include <stdbool.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "io/contract.h"
#include "io/error_details.h"

struct rpc_client;
struct rpc_config;
struct service_token;

struct rpc_client_config {
    const char *name;   /* of the peer, for metrics: "inventory" */
    const char *target; /* "ipv4:10.0.0.1:50051,10.0.0.2:50051" or "dns:///inventory:50051" */
    const struct rpc_config *options; /* read when it is made; rpc_tls_check is for the caller */
    struct service_token *token;      /* NULL: call without one */
};

/* Connects when first called and by itself later; spreads calls over the peer's addresses. */
MUST_USE struct rpc_client *rpc_client_new(const struct rpc_client_config *config);
void rpc_client_free(struct rpc_client *client); /* no call may be under way; NULL is fine */

/* What a call brings and leaves besides the messages. */
struct rpc_call {
    struct arena *arena;          /* for the answer and the details */
    struct error_details details; /* of the peer's refusal */
    bool may_arrive; /* an earlier try of the call ended UNAVAILABLE and may still take effect */
};

/*
 * `*ret` is in the call's arena, untouched unless OK. The status is the peer's (its reason as a
 * literal), or ours: UNAVAILABLE DEPENDENCY_UNAVAILABLE, also for a call that the peer cancelled;
 * DEADLINE_EXCEEDED, CANCELLED; INTERNAL for an answer that is no such message or does not fit into
 * the arena.
 */
MUST_USE SUSPENDS struct status rpc_client_call(struct rpc_client *client, struct rpc_call *call,
                                                const struct rpc_method *method,
                                                const ProtobufCMessage *in, ProtobufCMessage **ret);
