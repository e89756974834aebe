#pragma once

/*
 * What the files of rpc_client share: the client, and an attempt at a call.
 */

#include <grpc/grpc.h>

#include "base/breaker.h"
#include "base/retry_budget.h"
#include "io/rpc_client.h"
#include "io/rpc_loop.h"
#include "observe/metrics.h"

enum { RPC_CLIENT_METHODS_MAX = 64 };

struct known_method {
    const struct rpc_method *method;
    void *registration;
    struct metric *calls[CODE_COUNT]; /* by status code, made when first needed */
};

struct rpc_client {
    char *name;
    grpc_channel *channel;
    struct service_token *token;
    int64_t hedge_us; /* 0: never */
    size_t out_max;   /* of a stream's messages */
    struct known_method methods[RPC_CLIENT_METHODS_MAX];
    size_t method_count;
    struct retry_budget budget;
    struct breaker breaker;
    struct metric_family *calls;
    struct metric *duration;
    struct metric *retries;
    struct metric *hedges;
    struct metric *breaker_state;
};

/* One try in its life: everything that core needs until the batch is over. */
struct attempt {
    struct rpc_wait wait;
    grpc_call *core;
    grpc_metadata headers[3];
    size_t header_count;
    grpc_byte_buffer *request;
    grpc_byte_buffer *response;
    grpc_metadata_array response_headers;
    grpc_metadata_array trailers;
    grpc_status_code code;
    grpc_slice message;
};

/* What the client has of a method; made when first asked for. */
struct known_method *rpc_client_method(struct rpc_client *client, const struct rpc_method *method);

/*
 * May the peer be asked? Then tell how it went: breaker and metrics. `had_time`: all that the
 * contract gives.
 */
MUST_USE struct status rpc_client_enter(struct rpc_client *client, unsigned *ret_turn);
void rpc_client_leave(struct rpc_client *client, unsigned turn, enum code code, bool had_time);
void rpc_client_count(struct rpc_client *client, const struct rpc_method *method, enum code code);

/* The call in core, with what the task has: deadline, trace, request id. Nothing is sent yet. */
MUST_USE struct status attempt_prepare(struct attempt *attempt, struct rpc_client *client,
                                       const struct rpc_method *method);
/* What its first batch has: headers and status, and the request where there is one. */
enum { ATTEMPT_OPS_MAX = 6 };
size_t attempt_ops(struct attempt *attempt, grpc_op ops[ATTEMPT_OPS_MAX]);

/* A unary call, begun. Settle it, then release it. */
MUST_USE struct status attempt_begin(struct attempt *attempt, struct rpc_client *client,
                                     const struct rpc_method *method, const ProtobufCMessage *in);
/* Gives it up where it is not over; in any case it is over then. One that never began is fine. */
SUSPENDS void attempt_settle(struct attempt *attempt);
void attempt_release(struct attempt *attempt);

/* Of one that is over. */
MUST_USE enum code attempt_code(const struct attempt *attempt);
MUST_USE struct status attempt_refusal(const struct attempt *attempt,
                                       const struct rpc_method *method, struct rpc_call *call);
MUST_USE struct status attempt_result(const struct attempt *attempt, struct rpc_call *call,
                                      const struct rpc_method *method, ProtobufCMessage **ret);
