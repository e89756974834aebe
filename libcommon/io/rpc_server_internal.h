#pragma once

/*
 * What the files of rpc_server share: the server, a call in its life, and streams for the standard
 * services.
 */

#include <grpc/grpc.h>

#include "io/request.h"
#include "io/rpc_loop.h"
#include "io/rpc_server.h"
#include "observe/metrics.h"
#include "run/sync.h"

struct reflection;
struct server_call;

enum { RPC_CODES = 17 };

/* A method as it is registered with core. */
struct served_method {
    const char *path;
    void *registration;
    /* A unary method of a contract ... */
    const struct rpc_method *contract;
    const struct rpc_service *service;
    rpc_handler handler;
    void *instance;
    /* ... or a streaming one of a standard service. */
    struct status (*stream)(struct server_call *call);
    struct metric *duration;
    struct metric *calls[RPC_CODES]; /* by status code, made when first needed */
};

struct rpc_server {
    struct loop *loop;
    grpc_server *core;
    struct auth *auth;
    struct served_method *methods;
    size_t method_count;
    struct rpc_served served[RPC_SERVICES_MAX];
    size_t served_count;
    size_t active; /* calls whose client still waits */
    int port;
    bool serving;
    bool draining;
    int64_t stream_send_limit_us; /* a client that takes no message for so long is given up */
    struct wait_queue health_changed;
    const struct reflection *reflection; /* NULL until somebody asks */
    struct arena *reflection_arena;
    struct metric_family *calls_total;
    struct metric *in_flight;
    struct server_call *pool;
};

struct server_call {
    struct rpc_op on_new;
    struct rpc_op on_closed;
    struct rpc_op on_finished;
    struct rpc_server *server;
    struct served_method *method; /* NULL: a method that is not ours */
    grpc_call *core;
    grpc_metadata_array metadata;
    grpc_call_details details; /* of a method that is not ours */
    gpr_timespec deadline;
    grpc_byte_buffer *payload;
    int cancelled; /* set by core before on_closed */
    bool sent_headers;
    unsigned references;
    struct task *task;
    struct arena *arena;
    struct server_call *next; /* in the pool */
};

/* The task of a call, and what tells the client. */
void rpc_serve(void *server_call);
/* `out` may be NULL. Ends the call for the client. */
void rpc_call_finish(struct server_call *call, const struct status *st, const char *domain,
                     const struct error_details *details, const ProtobufCMessage *out);
void rpc_call_release(struct server_call *call);

/* Streams. False: no more messages, or the client is gone. */
SUSPENDS bool rpc_stream_receive(struct server_call *call, const ProtobufCMessageDescriptor *type,
                                 ProtobufCMessage **ret);
SUSPENDS bool rpc_stream_send(struct server_call *call, const ProtobufCMessage *message);

/* Health and reflection (rpc_standard.c). */
enum { RPC_STANDARD_METHODS = 4 };
void rpc_standard_methods(struct served_method methods[RPC_STANDARD_METHODS]);
