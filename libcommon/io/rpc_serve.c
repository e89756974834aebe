/*
 * A call's way through the server: who calls, may they, is the message what the contract says, then
 * the handler, then the answer.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "io/auth.h"
#include "io/db_retry.h"
#include "io/rpc_callers.h"
#include "io/rpc_error.h"
#include "io/rpc_server_internal.h"
#include "observe/log.h"
#include "observe/span.h"
#include "run/task.h"

struct rpc_headers {
    const grpc_metadata_array *list;
    struct arena *arena;
};

const char *request_header(const struct request *rq, const char *name)
{
    const struct rpc_headers *headers = rq->headers;

    for (size_t i = 0; i < headers->list->count; i++) {
        const grpc_metadata *entry = &headers->list->metadata[i];
        if (grpc_slice_str_cmp(entry->key, name) != 0)
            continue;
        return arena_strndup(headers->arena, (const char *)GRPC_SLICE_START_PTR(entry->value),
                             GRPC_SLICE_LENGTH(entry->value));
    }
    return NULL;
}

static struct status check_caller(const struct server_call *call, struct request *rq)
{
    const unsigned allowed = call->method->contract->roles;
    struct auth *auth = call->server->auth;

    if (!auth || allowed & ROLE_BIT(ROLE_PUBLIC_SIGNED)) { /* the handler checks the signature */
        rq->caller = (struct caller){.role = ROLE_ANONYMOUS, .key = "anonymous"};
        return STATUS_OK;
    }
    TRY(auth_check(auth, request_header(rq, "authorization"), rq->now_us / CLOCK_US_PER_S,
                   &rq->caller));
    if (allowed & ROLE_BIT(rq->caller.role))
        return STATUS_OK;
    if (rq->caller.role == ROLE_ANONYMOUS)
        return status_error(CODE_UNAUTHENTICATED, "UNAUTHENTICATED", "a bearer token is needed");
    return status_error(CODE_PERMISSION_DENIED, "ROLE_NOT_ALLOWED", "role %s may not call %s",
                        role_name(rq->caller.role), rq->method->name);
}

/* Before anything that costs more than to know who calls. */
static struct status check_rate(const struct server_call *call, struct request *rq)
{
    struct rpc_callers *callers = call->server->callers;

    if (!callers)
        return STATUS_OK;
    const struct status st = rpc_callers_admit(callers, rq, call->ticket.entered_us);
    if (!status_ok(&st))
        metric_add(call->method->rate_limited, 1);
    return st;
}

static struct status decode(struct server_call *call, struct request *rq, ProtobufCMessage **ret)
{
    const struct rpc_method *method = rq->method;
    const grpc_slice bytes = rpc_bytes(call->payload);

    call->in_bytes = GRPC_SLICE_LENGTH(bytes);
    const struct status st =
        rpc_unpack(method->in, method->in_rule, bytes, rq->arena, &rq->details, rq->arena, ret);
    grpc_slice_unref(bytes);
    if (status_ok(&st) && method->mutates)
        memcpy(&rq->request_id, (const char *)*ret + method->request_id_offset,
               sizeof rq->request_id);
    return st;
}

/*
 * A handler whose transaction lost against others begins anew, as it would if the client sent the
 * same request again.
 */
static struct status handle(const struct server_call *call, struct request *rq,
                            const ProtobufCMessage *in, ProtobufCMessage *out)
{
    struct db_retry retry = db_retry_start();
    const struct arena_mark mark = arena_mark(rq->arena);
    struct status st = call->method->handler(rq, in, out);

    while (db_retry_again(&retry, &st)) {
        arena_rewind(rq->arena, mark);
        rq->details = (struct error_details){0};
        protobuf_c_message_init(rq->method->out, out);
        st = call->method->handler(rq, in, out);
    }
    return st;
}

static struct status serve_stream(struct server_call *call, struct request *rq,
                                  const ProtobufCMessage *in, ProtobufCMessage *out)
{
    const struct rpc_method *method = rq->method;

    rpc_call_open_stream(call, method->in, method->in_rule, &rq->details);
    const struct status st = call->method->stream_handler(rq, in, &call->stream, out);
    rpc_call_close_stream(call);
    return st;
}

static struct status serve(struct server_call *call, struct request *rq, ProtobufCMessage *out)
{
    ProtobufCMessage *in = NULL;

    TRY(task_check()); /* of a call that was cancelled as it came there may be no payload */
    TRY(check_caller(call, rq));
    TRY(check_rate(call, rq));
    if (!rq->method->client_streams)
        TRY(decode(call, rq, &in));
    TRY(task_check());
    call->ticket.worked = true;
    return call->method->stream_handler ? serve_stream(call, rq, in, out)
                                        : handle(call, rq, in, out);
}

/* Our own faults stay in the log. */
static void hide_internals(struct status *st)
{
    if (st->code == CODE_INTERNAL || st->code == CODE_UNKNOWN)
        *st = status_error(CODE_INTERNAL, "INTERNAL", "request %s failed here; it is logged",
                           trace_current()->request_id);
}

/* The answer as it goes out. */
static struct status pack(struct server_call *call, const ProtobufCMessage *out,
                          grpc_byte_buffer **ret)
{
    const size_t size = protobuf_c_message_get_packed_size(out);
    const size_t most = (size_t)call->server->options->rpc_response_max_kib * 1024;

    if (size > most)
        return status_error(CODE_RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE",
                            "the answer has %zu bytes, %zu may be sent", size, most);
    *ret = rpc_pack(out, size);
    call->out_bytes += size;
    return STATUS_OK;
}

/* Our end of what is cut at the end of a drain: the client may ask another replica. */
static struct status as_cut(const struct server_call *call, struct status st)
{
    return call->is_cut && st.code == CODE_CANCELLED
               ? status_error(CODE_UNAVAILABLE, "DEPENDENCY_UNAVAILABLE", "shutting down")
               : st;
}

static void serve_contract(struct server_call *call)
{
    const struct rpc_method *method = call->method->contract;
    struct rpc_headers headers = {.list = &call->metadata, .arena = call->arena};
    struct request rq = {
        .service = call->method->of->instance,
        .arena = call->arena,
        .now_us = call->arrived_unix_us,
        .method = method,
        .request_id = "",
        .headers = &headers,
    };
    AUTO(task_deadline_end)
    struct task_deadline limit = task_deadline_at(call->ticket.deadline_us);
    struct trace_context *trace = trace_current();
    ProtobufCMessage *out = arena_alloc(call->arena, method->out->sizeof_message);
    grpc_byte_buffer *answer = NULL;

    trace_enter(trace, request_header(&rq, "traceparent"));
    trace_set_request_id(trace, request_header(&rq, "x-request-id"));
    AUTO(span_end) struct span span;
    span_enter(&span, trace, SPAN_SERVER, method->path + 1);
    protobuf_c_message_init(method->out, out);

    struct status st = as_cut(call, serve(call, &rq, out));
    if (status_ok(&st) && !method->server_streams)
        st = pack(call, out, &answer);
    rpc_report_end(call, rq.caller.key, &st);
    rpc_error_to_span(&st, &span);
    hide_internals(&st);
    rpc_call_finish(call, &st, call->method->of->service->domain, &rq.details, answer);
}

static void serve_standard(struct server_call *call)
{
    struct error_details details = {0};

    rpc_call_open_stream(call, call->method->in, NULL, &details);
    const struct status st = as_cut(call, call->method->standard(call));
    rpc_call_close_stream(call);
    rpc_call_finish(call, &st, "souk.common", &details, NULL);
}

static void serve_unknown(struct server_call *call)
{
    static const struct error_details none;
    const struct status st =
        status_error(CODE_UNIMPLEMENTED, "UNKNOWN_METHOD", "there is no such method here");

    rpc_call_finish(call, &st, "souk.common", &none, NULL);
}

void rpc_serve(void *server_call)
{
    struct server_call *call = server_call;

    call->task = task_self();
    if (call->cancelled || call->is_cut) /* who cancelled found no task */
        task_cancel(call->task);
    if (!call->method)
        serve_unknown(call);
    else if (call->method->standard)
        serve_standard(call);
    else
        serve_contract(call);
    call->task = NULL;
    rpc_gate_leave(call);
    rpc_call_release(call);
}

/* grpc-message is percent-encoded by core; details go into a binary trailer. */
static grpc_metadata details_trailer(const struct server_call *call, const struct status *st,
                                     const char *domain, const struct error_details *details)
{
    const struct pb_bytes bytes = rpc_error_encode(st, domain, details, call->arena);

    return (grpc_metadata){
        .key = grpc_slice_from_static_string("grpc-status-details-bin"),
        .value = grpc_slice_from_copied_buffer(bytes.at, bytes.size),
    };
}

/* What the gateway's clients know RetryInfo by: whole seconds. */
static grpc_metadata retry_header(int64_t after_ms)
{
    char seconds[24];

    snprintf(seconds, sizeof seconds, "%lld", (long long)((after_ms + 999) / 1000));
    return (grpc_metadata){
        .key = grpc_slice_from_static_string("retry-after"),
        .value = grpc_slice_from_copied_string(seconds),
    };
}

void rpc_call_finish(struct server_call *call, const struct status *st, const char *domain,
                     const struct error_details *details, grpc_byte_buffer *answer)
{
    grpc_op ops[3] = {0};
    size_t count = 0;
    grpc_metadata trailer, retry;
    const bool says_when = !status_ok(st) && details->retry_after_ms && !call->sent_headers;
    grpc_slice detail = grpc_empty_slice();

    if (!call->sent_headers)
        ops[count++].op = GRPC_OP_SEND_INITIAL_METADATA;
    if (says_when) {
        retry = retry_header(details->retry_after_ms);
        ops[0].data.send_initial_metadata.count = 1;
        ops[0].data.send_initial_metadata.metadata = &retry;
    }
    if (answer) {
        ops[count].op = GRPC_OP_SEND_MESSAGE;
        ops[count++].data.send_message.send_message = answer;
    }
    ops[count].op = GRPC_OP_SEND_STATUS_FROM_SERVER;
    ops[count].data.send_status_from_server.status = (grpc_status_code)st->code;
    if (!status_ok(st)) {
        trailer = details_trailer(call, st, domain, details);
        detail = grpc_slice_from_copied_string(st->detail);
        ops[count].data.send_status_from_server.trailing_metadata_count = 1;
        ops[count].data.send_status_from_server.trailing_metadata = &trailer;
        ops[count].data.send_status_from_server.status_details = &detail;
    }
    count++;

    call->references++;
    rpc_loop_start_batch(call->core, ops, count, &call->on_finished);
    if (answer)
        grpc_byte_buffer_destroy(answer);
    if (!status_ok(st))
        grpc_slice_unref(trailer.value);
    if (says_when)
        grpc_slice_unref(retry.value);
    grpc_slice_unref(detail);
}
