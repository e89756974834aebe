#pragma once

/*
 * rpc_server: serves the contracts of a process over gRPC.
 *
 * Each call runs in a task of its own: token, role, the contract's rules on the bytes, then the
 * handler, all under the call's deadline (the client's, at most the contract's; the contract's when
 * there is none). A client that cancels or goes away cancels the task. Refusals carry
 * google.rpc.Status. Compressed messages are refused (UNIMPLEMENTED): core would unpack them before
 * it knows how large they are. Health, and reflection v1 and v1alpha, come along by themselves.
 *
 * A service works on so many calls at a time (base/concurrency_limit.h) and lets so many more wait,
 * first come, first served (rpc_admission.h). Beyond that, or when there is no time left for a
 * call's turn and its work, the answer is RESOURCE_EXHAUSTED OVERLOADED with google.rpc.RetryInfo,
 * and nothing was done. A caller who asks too often gets RATE_LIMITED in the same way
 * (rpc_callers.h). Health and reflection never wait. Messages have a largest size in both
 * directions: RESOURCE_EXHAUSTED, of an answer with the reason MESSAGE_TOO_LARGE; a request is
 * refused by core, as far as its first bytes.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/status.h"
#include "io/contract.h"

struct auth;
struct rpc_config;
struct loop;
struct rpc_server;

struct rpc_served {
    const struct rpc_service *service;
    void *instance; /* rq->service of its handlers */
};

enum { RPC_SERVICES_MAX = 8 };

struct rpc_server_config {
    const char *address;              /* "127.0.0.1:50051"; port 0 takes a free one */
    const struct rpc_config *options; /* live as long as the server */
    struct auth *auth;                /* NULL: all are anonymous, and not limited (tests) */
    const struct rpc_served *served;
    size_t served_count; /* at most RPC_SERVICES_MAX */
};

/*
 * INVALID_ARGUMENT CONFIG_INVALID for certificates that do not fit (rpc_tls.h), UNAVAILABLE
 * ADDRESS_IN_USE. Listens at once and answers NOT_SERVING to health checks until
 * rpc_server_set_serving.
 */
MUST_USE struct status rpc_server_new(struct loop *loop, const struct rpc_server_config *config,
                                      struct rpc_server **ret);
/* After rpc_server_drain. NULL is fine. */
void rpc_server_free(struct rpc_server *server);

int rpc_server_port(const struct rpc_server *server);
void rpc_server_set_serving(struct rpc_server *server, bool serving);

/*
 * Sends GOAWAY, lets calls in flight finish, streams too, cancels what is left after `grace_us`
 * (their clients get UNAVAILABLE), returns when none is. The caller's deadline, or its cancellation,
 * ends the grace early and nothing else: the server may be freed afterwards in any case. A call that
 * does not unwind within a minute is a bug.
 */
SUSPENDS void rpc_server_drain(struct rpc_server *server, int64_t grace_us);
