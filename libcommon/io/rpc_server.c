#include "io/rpc_server.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "io/rpc_callers.h"
#include "io/rpc_server_internal.h"
#include "io/rpc_tls.h"
#include "observe/log.h"
#include "run/loop.h"
#include "run/task.h"

enum {
    POSTED_FIRST = 2, /* calls of a method that core can match without asking us: at the start, */
    POSTED_MOST = 16, /* and when it is in use; each takes a kilobyte */
    POSTED_UNKNOWN = 2,
    CALL_ARENA_MAX = 64 * 1024 * 1024,
    STREAMS_PER_CONNECTION = 1000,
    HEADERS_MAX = 16 * 1024,
    STREAM_SEND_LIMIT_US = 10 * 1000 * 1000,
    CUT_GRACE_US = 1000 * 1000,
    UNWIND_LIMIT_US = 60 * 1000 * 1000, /* the same that tasks have for it elsewhere */
};

static void post_again(struct rpc_server *server, struct served_method *method);

static struct server_call *call_take(struct rpc_server *server)
{
    struct server_call *call = server->pool;
    struct arena *arena = NULL;

    if (call) {
        server->pool = call->next;
        arena = call->arena;
    } else {
        call = mem_alloc(sizeof *call);
        arena = arena_new(CALL_ARENA_MAX);
    }
    memset(call, 0, sizeof *call);
    call->arena = arena;
    return call;
}

static void enter_list(struct server_call *call)
{
    struct rpc_server *server = call->server;

    call->next = server->live;
    call->previous = NULL;
    if (server->live)
        server->live->previous = call;
    server->live = call;
}

static void leave_list(struct server_call *call)
{
    if (call->previous)
        call->previous->next = call->next;
    else
        call->server->live = call->next;
    if (call->next)
        call->next->previous = call->previous;
}

/* Core, the task, its stream and the close notice each hold one reference. */
void rpc_call_release(struct server_call *call)
{
    struct rpc_server *server = call->server;

    if (--call->references)
        return;
    grpc_metadata_array_destroy(&call->metadata);
    if (call->payload)
        grpc_byte_buffer_destroy(call->payload);
    if (!call->method)
        grpc_call_details_destroy(&call->details);
    if (call->core) {
        leave_list(call);
        grpc_call_unref(call->core);
        server->active--;
        rpc_loop_call_ends();
    }
    arena_reset(call->arena);
    call->next = server->pool;
    server->pool = call;
}

static void on_closed(struct rpc_op *op, bool ok)
{
    struct server_call *call = CONTAINER_OF(op, struct server_call, on_closed);

    if (call->ticket.waiting)
        rpc_gate_abandon(call);
    else if ((!ok || call->cancelled) && call->task)
        task_cancel(call->task);
    rpc_call_release(call);
}

/* Asked for early, so that a client that gives up is noticed while the handler runs. */
static void watch_close(struct server_call *call)
{
    const grpc_op op = {
        .op = GRPC_OP_RECV_CLOSE_ON_SERVER,
        .data.recv_close_on_server.cancelled = &call->cancelled,
    };

    call->on_closed.fn = on_closed;
    call->references++;
    rpc_loop_start_batch(call->core, &op, 1, &call->on_closed);
}

static void on_finished(struct rpc_op *op, bool ok)
{
    (void)ok;
    rpc_call_release(CONTAINER_OF(op, struct server_call, on_finished));
}

static void on_new(struct rpc_op *op, bool ok)
{
    struct server_call *call = CONTAINER_OF(op, struct server_call, on_new);
    struct rpc_server *server = call->server;

    if (!ok) { /* the server shuts down: the post comes back unused */
        call->core = NULL;
        rpc_call_release(call);
        return;
    }
    server->active++;
    enter_list(call);
    rpc_loop_call_begins();
    if (!server->draining)
        post_again(server, call->method);
    call->on_finished.fn = on_finished;
    watch_close(call);
    rpc_gate_enter(call);
}

/* Core reads the only message before it tells of the call. */
static bool comes_whole(const struct served_method *method)
{
    return method->contract && !method->contract->client_streams;
}

static void post(struct rpc_server *server, struct served_method *method)
{
    struct server_call *call = call_take(server);
    grpc_completion_queue *queue = rpc_loop_queue();
    grpc_call_error error;

    call->server = server;
    call->method = method;
    call->references = 1;
    call->on_new.fn = on_new;
    grpc_metadata_array_init(&call->metadata);
    if (method) {
        error = grpc_server_request_registered_call(
            server->core, method->registration, &call->core, &call->asked_deadline, &call->metadata,
            comes_whole(method) ? &call->payload : NULL, queue, queue, &call->on_new);
    } else {
        grpc_call_details_init(&call->details);
        error = grpc_server_request_call(server->core, &call->core, &call->details, &call->metadata,
                                         queue, queue, &call->on_new);
    }
    if (error != GRPC_CALL_OK)
        BUG("cannot post a call: %s", grpc_call_error_to_string(error));
}

static void post_method(struct rpc_server *server, struct served_method *method)
{
    method->posted++;
    post(server, method);
}

/* For the one that has come. Who is asked for at all gets one more, until there are enough. */
static void post_again(struct rpc_server *server, struct served_method *method)
{
    post(server, method);
    if (method && method->posted < POSTED_MOST)
        post_method(server, method);
}

static void add_service(struct rpc_server *server, const struct rpc_served *served)
{
    struct served_service *of = &server->services[server->service_count++];

    of->service = served->service;
    of->instance = served->instance;
    rpc_admission_init(&of->admission, (unsigned)server->options->rpc_concurrency,
                       (size_t)server->options->rpc_queue);
    concurrency_limit_init(&of->limit, (unsigned)server->options->rpc_concurrency_least,
                           (unsigned)server->options->rpc_concurrency);
    rpc_report_service(server, of);
    for (size_t i = 0; i < served->service->method_count; i++) {
        const struct rpc_method *contract = served->service->methods[i];
        pb_check_rules(contract->in_rule);
        const rpc_stream_handler *stream_handlers = served->service->stream_handlers;
        server->methods[server->method_count++] = (struct served_method){
            .path = contract->path,
            .contract = contract,
            .of = of,
            .handler = served->service->handlers[i],
            .stream_handler = stream_handlers ? stream_handlers[i] : NULL,
        };
        rpc_report_method(server, &server->methods[server->method_count - 1]);
    }
}

static void collect_methods(struct rpc_server *server, const struct rpc_server_config *config)
{
    size_t count = RPC_STANDARD_METHODS;

    for (size_t i = 0; i < config->served_count; i++)
        count += config->served[i].service->method_count;
    server->methods = mem_calloc(count, sizeof *server->methods);
    rpc_standard_methods(server->methods);
    server->method_count = RPC_STANDARD_METHODS;
    for (size_t i = 0; i < config->served_count; i++)
        add_service(server, &config->served[i]);
}

static void register_methods(struct rpc_server *server)
{
    for (size_t i = 0; i < server->method_count; i++) {
        struct served_method *method = &server->methods[i];
        method->registration = grpc_server_register_method(
            server->core, method->path, NULL,
            comes_whole(method) ? GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER : GRPC_SRM_PAYLOAD_NONE,
            0);
    }
}

static grpc_server *core_new(const struct rpc_config *options)
{
#define INTEGER(name, number) \
    {.type = GRPC_ARG_INTEGER, .key = (char *)(uintptr_t)(name), .value.integer = (number)}
    grpc_arg args[] = {
        INTEGER(GRPC_ARG_ALLOW_REUSEPORT, 0),
        INTEGER(GRPC_ARG_MAX_CONCURRENT_STREAMS, STREAMS_PER_CONNECTION),
        INTEGER(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, (int)options->rpc_request_max_kib * 1024),
        INTEGER(GRPC_COMPRESSION_CHANNEL_ENABLED_ALGORITHMS_BITSET, 1 << GRPC_COMPRESS_NONE),
        INTEGER(GRPC_ARG_MAX_METADATA_SIZE, HEADERS_MAX),
        INTEGER(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                (int)options->rpc_ping_interval_ms),
        INTEGER(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1),
        INTEGER(GRPC_ARG_KEEPALIVE_TIME_MS, (int)options->rpc_keepalive_ms),
        INTEGER(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, (int)options->rpc_keepalive_timeout_ms),
        INTEGER(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0), /* ask as often as need be */
        INTEGER(GRPC_ARG_ENABLE_CHANNELZ, 0),
        /* The last two: they put a filter into each call's way, which takes 7% of its time. */
        INTEGER(GRPC_ARG_MAX_CONNECTION_AGE_MS, (int)options->rpc_connection_age_ms),
        INTEGER(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, (int)options->rpc_connection_grace_ms),
    };
#undef INTEGER
    const size_t count = ARRAY_LEN(args) - (options->rpc_connection_age_ms ? 0 : 2);
    const grpc_channel_args list = {.num_args = count, .args = args};
    return grpc_server_create(&list, NULL);
}

static struct status listen_on(struct rpc_server *server, const char *address)
{
    grpc_server_credentials *credentials = rpc_tls_server(server->options);

    server->port = grpc_server_add_http2_port(server->core, address, credentials);
    grpc_server_credentials_release(credentials);
    if (server->port)
        return STATUS_OK;
    return status_error(CODE_UNAVAILABLE, "ADDRESS_IN_USE", "cannot listen on %s", address);
}

/* NULL where they call as often as they like. */
static struct status callers_for(const struct rpc_server_config *config, struct rpc_callers **ret)
{
    const struct token_rate rate = {
        .per_s = (uint32_t)config->options->rpc_caller_per_s,
        .burst = (uint32_t)config->options->rpc_caller_burst,
    };

    *ret = NULL;
    return config->auth && rate.per_s ? rpc_callers_new(rate, ret) : STATUS_OK;
}

struct status rpc_server_new(struct loop *loop, const struct rpc_server_config *config,
                             struct rpc_server **ret)
{
    BUG_ON(config->served_count > RPC_SERVICES_MAX);
    struct rpc_callers *callers;

    TRY(rpc_tls_check(config->options));
    TRY(callers_for(config, &callers));
    struct rpc_server *server = mem_new(struct rpc_server);

    server->loop = loop;
    server->options = config->options;
    server->auth = config->auth;
    server->callers = callers;
    server->stream_send_limit_us = STREAM_SEND_LIMIT_US;
    rpc_report_start(server);
    server->late_at_us = INT64_MAX;
    server->lateness = loop_timer_new(loop, rpc_gate_refuse_late, server);

    server->core = core_new(config->options);
    grpc_server_register_completion_queue(server->core, rpc_loop_queue(), NULL);
    collect_methods(server, config);
    register_methods(server);
    const struct status st = listen_on(server, config->address);
    if (!status_ok(&st)) {
        rpc_server_free(server);
        return st;
    }
    grpc_server_start(server->core);
    for (size_t i = 0; i < server->method_count; i++)
        for (int n = 0; n < POSTED_FIRST; n++)
            post_method(server, &server->methods[i]);
    for (int n = 0; n < POSTED_UNKNOWN; n++)
        post(server, NULL);
    rpc_loop_poke();
    *ret = server;
    return STATUS_OK;
}

void rpc_server_free(struct rpc_server *server)
{
    if (!server)
        return;
    grpc_server_destroy(server->core);
    while (server->pool) {
        struct server_call *call = server->pool;
        server->pool = call->next;
        arena_free(call->arena);
        mem_free(call);
    }
    loop_timer_free(server->lateness);
    arena_free(server->reflection_arena);
    rpc_callers_free(server->callers);
    mem_free(server->methods);
    mem_free(server);
}

int rpc_server_port(const struct rpc_server *server)
{
    return server->port;
}

void rpc_server_set_serving(struct rpc_server *server, bool serving)
{
    if (server->serving == serving)
        return;
    server->serving = serving;
    wait_queue_wake_all(&server->health_changed);
}

/* Handlers get a moment to unwind, and their clients a status. */
static void cut_calls(struct rpc_server *server)
{
    for (struct server_call *call = server->live; call; call = call->next) {
        call->is_cut = true;
        task_cancel(call->task);
    }
}

static bool wait_for_shutdown(struct rpc_wait *shutdown, int64_t grace_us)
{
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(grace_us);
    rpc_wait_interruptibly(shutdown, "calls in flight");
    return shutdown->done;
}

static void end_calls(struct rpc_server *server, struct rpc_wait *shutdown)
{
    log_warn("calls cancelled at shutdown", LOG_I64("calls", (int64_t)server->active));
    cut_calls(server);
    if (wait_for_shutdown(shutdown, CUT_GRACE_US))
        return;
    grpc_server_cancel_all_calls(server->core);
    rpc_loop_poke();
    rpc_wait_done(shutdown, "cancelled calls");
}

/* Answered, but their tasks and notices still wind up, and they know the server. */
static void await_calls(const struct rpc_server *server)
{
    struct status st = STATUS_OK;

    while (server->active && status_ok(&st))
        st = task_sleep_us(CLOCK_US_PER_MS);
    if (server->active)
        BUG("%zu calls do not end", server->active);
}

void rpc_server_drain(struct rpc_server *server, int64_t grace_us)
{
    struct rpc_wait shutdown;

    server->draining = true;
    rpc_server_set_serving(server, false);
    wait_queue_wake_all(&server->health_changed); /* watchers end */
    rpc_wait_init(&shutdown);
    rpc_loop_call_begins();
    grpc_server_shutdown_and_notify(server->core, rpc_loop_queue(), &shutdown.op);
    rpc_loop_poke();
    const bool is_done = wait_for_shutdown(&shutdown, grace_us);
    AUTO(task_shield_end) struct task_shield shield = task_shield_in_us(UNWIND_LIMIT_US);
    if (!is_done)
        end_calls(server, &shutdown);
    rpc_loop_call_ends();
    await_calls(server);
}
