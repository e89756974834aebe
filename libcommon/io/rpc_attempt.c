/*
 * An attempt at a call: headers, the batch, what came back.
 */
#include <string.h>

#include "base/clock.h"
#include "io/db_retry.h"
#include "io/pb.h"
#include "io/rpc_client_internal.h"
#include "io/rpc_error.h"
#include "io/rpc_stream_internal.h"
#include "io/service_token.h"
#include "observe/trace.h"
#include "run/task.h"

struct known_method *rpc_client_method(struct rpc_client *client, const struct rpc_method *method)
{
    for (size_t i = 0; i < client->method_count; i++)
        if (client->methods[i].method == method)
            return &client->methods[i];
    BUG_ON(client->method_count == RPC_CLIENT_METHODS_MAX);
    struct known_method *known = &client->methods[client->method_count++];
    *known = (struct known_method){
        .method = method,
        .registration = grpc_channel_register_call(client->channel, method->path, NULL, NULL),
    };
    return known;
}

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

/* The task's; the caller has narrowed it to the contract's. */
static gpr_timespec deadline_now(void)
{
    return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                        gpr_time_from_micros(task_time_left_us(), GPR_TIMESPAN));
}

void attempt_release(struct attempt *attempt)
{
    for (size_t i = 0; i < attempt->header_count; i++)
        grpc_slice_unref(attempt->headers[i].value);
    if (attempt->request)
        grpc_byte_buffer_destroy(attempt->request);
    if (attempt->response)
        grpc_byte_buffer_destroy(attempt->response);
    if (attempt->core) {
        grpc_call_unref(attempt->core);
        rpc_loop_call_ends();
    }
    grpc_metadata_array_destroy(&attempt->response_headers);
    grpc_metadata_array_destroy(&attempt->trailers);
    grpc_slice_unref(attempt->message);
}

static struct status decode(const struct attempt *attempt, const struct rpc_method *method,
                            struct arena *arena, ProtobufCMessage **ret)
{
    const grpc_slice bytes = rpc_bytes(attempt->response);
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
enum code attempt_code(const struct attempt *attempt)
{
    const enum code code = (enum code)attempt->code;
    return code == CODE_CANCELLED ? CODE_UNAVAILABLE : code;
}

struct status attempt_refusal(const struct attempt *attempt, const struct rpc_method *method,
                              struct rpc_call *call)
{
    const enum code code = attempt_code(attempt);
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
    return db_retry_given_up(st);
}

struct status attempt_prepare(struct attempt *attempt, struct rpc_client *client,
                              const struct rpc_method *method)
{
    *attempt = (struct attempt){.code = GRPC_STATUS_UNKNOWN, .message = grpc_empty_slice()};
    TRY(add_headers(client, attempt));
    grpc_metadata_array_init(&attempt->response_headers);
    grpc_metadata_array_init(&attempt->trailers);
    attempt->core = grpc_channel_create_registered_call(
        client->channel, NULL, 0, rpc_loop_queue(), rpc_client_method(client, method)->registration,
        deadline_now(), NULL);
    rpc_loop_call_begins();
    return STATUS_OK;
}

size_t attempt_ops(struct attempt *attempt, grpc_op ops[ATTEMPT_OPS_MAX])
{
    const grpc_op all[] = {
        {.op = GRPC_OP_SEND_INITIAL_METADATA,
         .data.send_initial_metadata = {.count = attempt->header_count,
                                        .metadata = attempt->headers}},
        {.op = GRPC_OP_RECV_INITIAL_METADATA,
         .data.recv_initial_metadata.recv_initial_metadata = &attempt->response_headers},
        {.op = GRPC_OP_RECV_STATUS_ON_CLIENT,
         .data.recv_status_on_client = {.trailing_metadata = &attempt->trailers,
                                        .status = &attempt->code,
                                        .status_details = &attempt->message}},
        {.op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = attempt->request},
        {.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT},
    };
    const size_t count = ARRAY_LEN(all) - (attempt->request ? 0 : 2);

    memcpy(ops, all, count * sizeof *ops);
    return count;
}

struct status attempt_begin(struct attempt *attempt, struct rpc_client *client,
                            const struct rpc_method *method, const ProtobufCMessage *in)
{
    grpc_op ops[ATTEMPT_OPS_MAX];

    TRY(attempt_prepare(attempt, client, method));
    attempt->request = rpc_pack(in, protobuf_c_message_get_packed_size(in));
    size_t count = attempt_ops(attempt, ops);
    ops[count++] =
        (grpc_op){.op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = &attempt->response};
    rpc_wait_init(&attempt->wait);
    rpc_loop_start_batch(attempt->core, ops, count, &attempt->wait.op);
    return STATUS_OK;
}

void attempt_settle(struct attempt *attempt)
{
    if (!attempt->core || attempt->wait.done)
        return;
    grpc_call_cancel(attempt->core, NULL);
    rpc_loop_poke();
    rpc_wait_done(&attempt->wait, "rpc cancel");
}

struct status attempt_result(const struct attempt *attempt, struct rpc_call *call,
                             const struct rpc_method *method, ProtobufCMessage **ret)
{
    if (attempt->code == GRPC_STATUS_OK)
        return decode(attempt, method, call->arena, ret);
    TRY(task_check()); /* cancelled or late here says more than core's view of it */
    return attempt_refusal(attempt, method, call);
}
