#include "io/rpc_client.h"

#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc_security.h>
#include <string.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "io/pb.h"
#include "io/rpc_error.h"
#include "io/rpc_loop.h"
#include "io/service_token.h"
#include "observe/metrics.h"
#include "observe/trace.h"
#include "run/task.h"

enum {
    METHODS_MAX = 64,
    TRIES_MAX = 3,
    RETRY_FIRST_US = 10 * 1000,
    RETRY_MOST_US = 100 * 1000,
    BUDGET_RETRY_COST = 10,              /* calls that pay for one retry */
    BUDGET_MAX = 20 * BUDGET_RETRY_COST, /* so many retries may come in one burst */
    RECONNECT_FIRST_MS = 100,
    RECONNECT_MOST_MS = 1000,
    KEEPALIVE_MS = 30 * 1000,
    KEEPALIVE_TIMEOUT_MS = 5 * 1000,
};

struct known_method {
    const struct rpc_method *method;
    void *registration;
};

struct rpc_client {
    grpc_channel *channel;
    struct service_token *token;
    struct known_method methods[METHODS_MAX];
    size_t method_count;
    unsigned budget;
    struct metric *duration;
    struct metric *retries;
};

static grpc_channel *channel_new(const char *target)
{
#define INTEGER(name, number) \
    {.type = GRPC_ARG_INTEGER, .key = (char *)(uintptr_t)(name), .value.integer = (number)}
    grpc_arg args[] = {
        {.type = GRPC_ARG_STRING,
         .key = (char *)(uintptr_t)GRPC_ARG_LB_POLICY_NAME,
         .value.string = (char *)(uintptr_t) "round_robin"},
        INTEGER(GRPC_ARG_ENABLE_RETRIES, 0),
        INTEGER(GRPC_ARG_ENABLE_HTTP_PROXY, 0),
        INTEGER(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1),
        INTEGER(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, RECONNECT_FIRST_MS),
        INTEGER(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, RECONNECT_FIRST_MS),
        INTEGER(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, RECONNECT_MOST_MS),
        INTEGER(GRPC_ARG_KEEPALIVE_TIME_MS, KEEPALIVE_MS),
        INTEGER(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, KEEPALIVE_TIMEOUT_MS),
        INTEGER(GRPC_ARG_ENABLE_CHANNELZ, 0),
    };
#undef INTEGER
    const grpc_channel_args list = {.num_args = ARRAY_LEN(args), .args = args};
    grpc_channel_credentials *plain = grpc_insecure_credentials_create();
    grpc_channel *channel = grpc_channel_create(target, plain, &list);

    grpc_channel_credentials_release(plain);
    return channel;
}

struct rpc_client *rpc_client_new(const struct rpc_client_config *config)
{
    struct rpc_client *client = mem_new(struct rpc_client);

    client->channel = channel_new(config->target);
    client->token = config->token;
    client->budget = BUDGET_MAX;
    client->duration =
        metric_series(metric_family(METRIC_HISTOGRAM, "souk_rpc_client_duration_seconds", "peer",
                                    "Calls to a peer, with their retries"),
                      config->name);
    client->retries = metric_series(
        metric_family(METRIC_COUNTER, "souk_rpc_client_retries_total", "peer", "Calls tried again"),
        config->name);
    return client;
}

void rpc_client_free(struct rpc_client *client)
{
    if (!client)
        return;
    grpc_channel_destroy(client->channel);
    mem_free(client);
}

static void *registration_of(struct rpc_client *client, const struct rpc_method *method)
{
    for (size_t i = 0; i < client->method_count; i++)
        if (client->methods[i].method == method)
            return client->methods[i].registration;
    BUG_ON(client->method_count == METHODS_MAX);
    void *registration = grpc_channel_register_call(client->channel, method->path, NULL, NULL);
    client->methods[client->method_count++] =
        (struct known_method){.method = method, .registration = registration};
    return registration;
}

/* One try in its life: everything that core needs until the batch is over. */
struct attempt {
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

static void add_header(struct attempt *attempt, const char *name, const char *value)
{
    attempt->headers[attempt->header_count++] = (grpc_metadata){
        .key = grpc_slice_from_static_string(name),
        .value = grpc_slice_from_copied_string(value),
    };
}

static struct status add_headers(const struct rpc_client *client, struct attempt *attempt)
{
    const struct trace_context *trace = trace_current();
    char parent[TRACEPARENT_LENGTH + 1];
    const char *token;

    if (client->token) {
        TRY(service_token_get(client->token, clock_unix_us() / CLOCK_US_PER_S, &token));
        add_header(attempt, "authorization", token);
    }
    trace_parent(trace, parent);
    if (*parent)
        add_header(attempt, "traceparent", parent);
    if (trace->request_id[0])
        add_header(attempt, "x-request-id", trace->request_id);
    return STATUS_OK;
}

static gpr_timespec deadline_for(const struct rpc_method *method)
{
    const int64_t contract_us = method->deadline_ms * CLOCK_US_PER_MS;
    const int64_t left_us = task_time_left_us();
    const int64_t timeout_us = left_us < contract_us ? left_us : contract_us;

    return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                        gpr_time_from_micros(timeout_us, GPR_TIMESPAN));
}

static void attempt_run(struct attempt *attempt)
{
    struct rpc_wait wait;
    const grpc_op ops[] = {
        {.op = GRPC_OP_SEND_INITIAL_METADATA,
         .data.send_initial_metadata = {.count = attempt->header_count,
                                        .metadata = attempt->headers}},
        {.op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = attempt->request},
        {.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT},
        {.op = GRPC_OP_RECV_INITIAL_METADATA,
         .data.recv_initial_metadata.recv_initial_metadata = &attempt->response_headers},
        {.op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = &attempt->response},
        {.op = GRPC_OP_RECV_STATUS_ON_CLIENT,
         .data.recv_status_on_client = {.trailing_metadata = &attempt->trailers,
                                        .status = &attempt->code,
                                        .status_details = &attempt->message}},
    };

    rpc_wait_init(&wait);
    rpc_loop_call_begins();
    rpc_loop_start_batch(attempt->core, ops, ARRAY_LEN(ops), &wait.op);
    rpc_wait_interruptibly(&wait, "rpc");
    if (!wait.done) {
        grpc_call_cancel(attempt->core, NULL);
        rpc_loop_poke();
        rpc_wait_done(&wait, "rpc cancel");
    }
    rpc_loop_call_ends();
}

static void attempt_release(struct attempt *attempt)
{
    for (size_t i = 0; i < attempt->header_count; i++)
        grpc_slice_unref(attempt->headers[i].value);
    if (attempt->request)
        grpc_byte_buffer_destroy(attempt->request);
    if (attempt->response)
        grpc_byte_buffer_destroy(attempt->response);
    if (attempt->core)
        grpc_call_unref(attempt->core);
    grpc_metadata_array_destroy(&attempt->response_headers);
    grpc_metadata_array_destroy(&attempt->trailers);
    grpc_slice_unref(attempt->message);
}

static grpc_byte_buffer *to_buffer(const ProtobufCMessage *message)
{
    grpc_slice slice = grpc_slice_malloc(protobuf_c_message_get_packed_size(message));

    protobuf_c_message_pack(message, GRPC_SLICE_START_PTR(slice));
    grpc_byte_buffer *buffer = grpc_raw_byte_buffer_create(&slice, 1);
    grpc_slice_unref(slice);
    return buffer;
}

static struct status decode(const struct attempt *attempt, const struct rpc_method *method,
                            struct arena *arena, ProtobufCMessage **ret)
{
    grpc_byte_buffer_reader reader;
    grpc_slice bytes = grpc_empty_slice();

    if (attempt->response && grpc_byte_buffer_reader_init(&reader, attempt->response)) {
        bytes = grpc_byte_buffer_reader_readall(&reader);
        grpc_byte_buffer_reader_destroy(&reader);
    }
    ProtobufCMessage *message =
        pb_unpack(method->out, GRPC_SLICE_START_PTR(bytes), GRPC_SLICE_LENGTH(bytes), arena);
    grpc_slice_unref(bytes);
    if (!message)
        return status_error(CODE_INTERNAL, "INTERNAL", "%s answered with no %s", method->path,
                            method->out->short_name);
    *ret = message;
    return STATUS_OK;
}

/* The reason for codes that core or a proxy gives without google.rpc.Status. */
static const char *plain_reason(enum code code)
{
    switch (code) {
    case CODE_UNAVAILABLE: return "DEPENDENCY_UNAVAILABLE";
    case CODE_DEADLINE_EXCEEDED: return "DEADLINE_EXCEEDED";
    case CODE_RESOURCE_EXHAUSTED: return "OVERLOADED";
    case CODE_UNAUTHENTICATED: return "UNAUTHENTICATED";
    default: return NULL;
    }
}

/*
 * Nobody here cancelled. A peer that shuts down gives up what outlives its grace, and core kills
 * what comes before its GOAWAY was read.
 */
static enum code code_of(const struct attempt *attempt)
{
    const enum code code = (enum code)attempt->code;
    return code == CODE_CANCELLED ? CODE_UNAVAILABLE : code;
}

static struct status refusal(const struct attempt *attempt, const struct rpc_method *method,
                             struct rpc_call *call)
{
    const enum code code = code_of(attempt);
    struct status st = status_error(code, plain_reason(code), "%.*s",
                                    (int)GRPC_SLICE_LENGTH(attempt->message),
                                    (const char *)GRPC_SLICE_START_PTR(attempt->message));

    for (size_t i = 0; i < attempt->trailers.count; i++) {
        const grpc_metadata *trailer = &attempt->trailers.metadata[i];
        if (grpc_slice_str_cmp(trailer->key, "grpc-status-details-bin") == 0)
            rpc_error_decode(GRPC_SLICE_START_PTR(trailer->value),
                             GRPC_SLICE_LENGTH(trailer->value), method->reasons, call->arena, &st,
                             &call->details);
    }
    return st;
}

static struct status try_once(struct rpc_client *client, struct rpc_call *call,
                              const struct rpc_method *method, const ProtobufCMessage *in,
                              ProtobufCMessage **ret)
{
    AUTO(attempt_release)
    struct attempt attempt = {.code = GRPC_STATUS_UNKNOWN, .message = grpc_empty_slice()};

    TRY(task_check());
    TRY(add_headers(client, &attempt));
    grpc_metadata_array_init(&attempt.response_headers);
    grpc_metadata_array_init(&attempt.trailers);
    attempt.request = to_buffer(in);
    attempt.core = grpc_channel_create_registered_call(client->channel, NULL, 0, rpc_loop_queue(),
                                                       registration_of(client, method),
                                                       deadline_for(method), NULL);
    attempt_run(&attempt);
    if (attempt.code != GRPC_STATUS_OK) {
        TRY(task_check()); /* cancelled or late here says more than core's view of it */
        return refusal(&attempt, method, call);
    }
    return decode(&attempt, method, call->arena, ret);
}

/* Calls earn retries, so that a peer in trouble is not asked three times as often. */
static bool may_try_again(struct rpc_client *client, const struct status *st, int tries)
{
    if (st->code != CODE_UNAVAILABLE || tries >= TRIES_MAX || client->budget < BUDGET_RETRY_COST)
        return false;
    client->budget -= BUDGET_RETRY_COST;
    metric_add(client->retries, 1);
    return true;
}

struct status rpc_client_call(struct rpc_client *client, struct rpc_call *call,
                              const struct rpc_method *method, const ProtobufCMessage *in,
                              ProtobufCMessage **ret)
{
    struct backoff pause = backoff_between(RETRY_FIRST_US, RETRY_MOST_US);
    const int64_t began_us = clock_mono_us();
    struct status st;

    if (client->budget < BUDGET_MAX)
        client->budget++;
    call->may_arrive = false;
    for (int tries = 1;; tries++) {
        call->details = (struct error_details){0};
        st = try_once(client, call, method, in, ret);
        if (!may_try_again(client, &st, tries))
            break;
        call->may_arrive = true;
        TRY(task_sleep_us(backoff_next_us(&pause, random_u64())));
    }
    metric_observe(client->duration, (double)(clock_mono_us() - began_us) / CLOCK_US_PER_S);
    return st;
}
