#pragma once

/*
 * What the files of rpc_server share: the server, a call in its life, and streams for the standard
 * services.
 */

#include <grpc/grpc.h>

#include "base/concurrency_limit.h"
#include "io/request.h"
#include "io/rpc_admission.h"
#include "io/rpc_config.h"
#include "io/rpc_loop.h"
#include "io/rpc_server.h"
#include "io/rpc_stream_internal.h"
#include "observe/metrics.h"
#include "run/sync.h"

struct loop_timer;
struct reflection;
struct rpc_callers;
struct server_call;

/* A service of a contract, and the gate before it. */
struct served_service {
    const struct rpc_service *service;
    void *instance;
    struct rpc_admission admission; /* of calls that do not stream */
    struct concurrency_limit limit; /* of that */
    struct metric *limit_shown;
    size_t streams;
};

/* A method as it is registered with core. */
struct served_method {
    const char *path;
    void *registration;
    unsigned posted; /* calls that core has of it, each replaced when it comes */
    /* A method of a contract ... */
    const struct rpc_method *contract;
    struct served_service *of;
    rpc_handler handler;
    rpc_stream_handler stream_handler; /* instead */
    /* ... or one of a standard service, which are all served as streams. */
    const ProtobufCMessageDescriptor *in;
    struct status (*standard)(struct server_call *call);
    struct metric *duration;
    struct metric *wait;
    struct metric *in_flight;
    struct metric *rate_limited;
    struct metric *calls[CODE_COUNT]; /* by status code, made when first needed */
};

struct rpc_metrics {
    struct metric_family *calls;
    struct metric_family *durations;
    struct metric_family *waits;
    struct metric_family *in_flight;
    struct metric_family *rate_limited;
    struct metric_family *limit;
};

struct rpc_server {
    struct loop *loop;
    grpc_server *core;
    struct auth *auth;
    struct rpc_callers *callers; /* NULL: they call as often as they like */
    struct served_method *methods;
    size_t method_count;
    struct served_service services[RPC_SERVICES_MAX];
    size_t service_count;
    struct loop_timer *lateness; /* of those who wait */
    int64_t late_at_us;          /* when it rings */
    const struct rpc_config *options;
    size_t active; /* calls whose client still waits */
    int port;
    bool serving;
    bool draining;
    int64_t stream_send_limit_us; /* a client that takes no message for so long is given up */
    struct wait_queue health_changed;
    const struct reflection *reflection; /* NULL until somebody asks */
    struct arena *reflection_arena;
    struct rpc_metrics metrics;
    struct server_call *live; /* calls that have come and are not over */
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
    gpr_timespec asked_deadline;
    int64_t arrived_unix_us;
    struct rpc_ticket ticket; /* arrival and deadline; of a contract's call its place, too */
    grpc_byte_buffer *payload;
    size_t in_bytes;  /* of messages */
    size_t out_bytes; /* of messages */
    int cancelled;    /* set by core before on_closed */
    bool is_cut;      /* at the end of a drain */
    bool sent_headers;
    struct rpc_stream stream; /* of a call that has one */
    unsigned references;
    struct task *task;
    struct arena *arena;
    struct server_call *next; /* in the pool, or among those that live */
    struct server_call *previous;
};

/* The task of a call, and what tells the client. */
void rpc_serve(void *server_call);
/* Ends the call for the client. Takes `answer`, NULL where there is none. */
void rpc_call_finish(struct server_call *call, const struct status *st, const char *domain,
                     const struct error_details *details, grpc_byte_buffer *answer);
void rpc_call_release(struct server_call *call);

/* rpc_gate.c: from the arrival of a call to its task, or a refusal. */
void rpc_gate_enter(struct server_call *call);
void rpc_gate_leave(struct server_call *call);   /* its task ends */
void rpc_gate_abandon(struct server_call *call); /* its client is gone, it still waits */
void rpc_gate_refuse_late(void *server);

/* rpc_report.c: what is told of a contract's calls. Each has one arrival and one end. */
void rpc_report_start(struct rpc_server *server);
void rpc_report_limit(struct served_service *of);
void rpc_report_service(const struct rpc_server *server, struct served_service *of);
void rpc_report_method(const struct rpc_server *server, struct served_method *method);
void rpc_report_arrival(struct server_call *call);
void rpc_report_end(struct server_call *call, const char *caller, const struct status *st);

/* rpc_serve_stream.c: the call's stream, from before its handler until after. */
void rpc_call_open_stream(struct server_call *call, const ProtobufCMessageDescriptor *in,
                          const struct pb_message_rule *in_rule, struct error_details *details);
void rpc_call_close_stream(struct server_call *call);

/* Health and reflection (rpc_standard.c). */
enum { RPC_STANDARD_METHODS = 4 };
void rpc_standard_methods(struct served_method methods[RPC_STANDARD_METHODS]);
