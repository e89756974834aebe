/*
 * A call's way through the server: who calls, may they, is the message what the contract says, then
 * the handler, then the answer.
 */
#include <grpc/byte_buffer_reader.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "io/auth.h"
#include "io/db_retry.h"
#include "io/pb.h"
#include "io/rpc_error.h"
#include "io/rpc_server_internal.h"
#include "observe/log.h"
#include "observe/trace.h"
#include "run/task.h"

enum { UNPACKED_MAX = 16 * 1024 * 1024 }; /* of the call's arena */

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

static int64_t to_mono_us(gpr_timespec deadline)
{
    const gpr_timespec infinite = gpr_inf_future(deadline.clock_type);

    if (gpr_time_cmp(deadline, infinite) == 0)
        return TASK_NO_DEADLINE;
    const gpr_timespec left = gpr_time_sub(deadline, gpr_now(deadline.clock_type));
    return clock_mono_us() + left.tv_sec * CLOCK_US_PER_S + left.tv_nsec / 1000;
}

/* The client's deadline, at most the contract's. */
static int64_t deadline_of(const struct server_call *call)
{
    const int64_t most_us = clock_mono_us() + call->method->contract->deadline_ms * CLOCK_US_PER_MS;
    const int64_t asked_us = to_mono_us(call->deadline);

    return asked_us < most_us ? asked_us : most_us;
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

/* The payload in one piece. A message without fields may come as no payload at all. */
static grpc_slice payload_slice(const struct server_call *call)
{
    grpc_byte_buffer_reader reader;

    if (!call->payload || !grpc_byte_buffer_reader_init(&reader, call->payload))
        return grpc_empty_slice();
    const grpc_slice whole = grpc_byte_buffer_reader_readall(&reader);
    grpc_byte_buffer_reader_destroy(&reader);
    return whole;
}

static struct status check_message(struct request *rq, const void *bytes, size_t size)
{
    struct pb_violations *violations = arena_alloc(rq->arena, sizeof *violations);
    size_t unpacked_size;
    const struct status st =
        pb_check(rq->method->in_rule, bytes, size, rq->arena, violations, &unpacked_size);

    if (!status_ok(&st)) {
        rq->details.violations = violations->list;
        rq->details.violation_count = violations->count;
        return st;
    }
    if (unpacked_size > UNPACKED_MAX)
        return status_error(CODE_RESOURCE_EXHAUSTED, "OVERLOADED",
                            "the message would take %zu bytes", unpacked_size);
    return STATUS_OK;
}

static struct status decode(struct request *rq, const void *bytes, size_t size,
                            ProtobufCMessage **ret)
{
    TRY(check_message(rq, bytes, size));
    *ret = pb_unpack(rq->method->in, bytes, size, rq->arena);
    if (!*ret)
        return status_error(CODE_INVALID_ARGUMENT, "MALFORMED_MESSAGE", "the bytes are no %s",
                            rq->method->in->short_name);
    if (rq->method->mutates)
        memcpy(&rq->request_id, (const char *)*ret + rq->method->request_id_offset,
               sizeof rq->request_id);
    return STATUS_OK;
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

static struct status serve(struct server_call *call, struct request *rq, grpc_slice payload,
                           ProtobufCMessage *out)
{
    ProtobufCMessage *in;

    TRY(task_check()); /* of a call that was cancelled as it came there may be no payload */
    TRY(check_caller(call, rq));
    TRY(decode(rq, GRPC_SLICE_START_PTR(payload), GRPC_SLICE_LENGTH(payload), &in));
    TRY(task_check());
    return handle(call, rq, in, out);
}

/* Our own faults stay in the log. */
static void hide_internals(struct status *st)
{
    if (st->code == CODE_INTERNAL || st->code == CODE_UNKNOWN)
        *st = status_error(CODE_INTERNAL, "INTERNAL", "request %s failed here; it is logged",
                           trace_current()->request_id);
}

static void count_call(const struct server_call *call, enum code code)
{
    struct metric **metric = &call->method->calls[(int)code < RPC_CODES ? code : CODE_UNKNOWN];

    if (!*metric)
        *metric =
            metric_series(call->server->calls_total, call->method->contract->name, code_name(code));
    metric_add(*metric, 1);
}

static void report(const struct server_call *call, const struct request *rq,
                   const struct status *st)
{
    const struct rpc_method *method = call->method->contract;
    const int64_t took_us = clock_unix_us() - rq->now_us;
    const enum log_level level = st->code == CODE_INTERNAL || st->code == CODE_UNKNOWN ? LOG_ERROR
                                 : status_ok(st)                                       ? LOG_DEBUG
                                                                                       : LOG_INFO;

    count_call(call, st->code);
    metric_observe(call->method->duration, (double)took_us / CLOCK_US_PER_S);
    log_at(level, "call", LOG_STR("method", method->path), LOG_STR("caller", rq->caller.key),
           LOG_I64("took_us", took_us), LOG_STATUS(*st));
}

static void serve_unary(struct server_call *call)
{
    const struct rpc_method *method = call->method->contract;
    struct rpc_headers headers = {.list = &call->metadata, .arena = call->arena};
    struct request rq = {
        .service = call->method->instance,
        .arena = call->arena,
        .now_us = clock_unix_us(),
        .method = method,
        .request_id = "",
        .headers = &headers,
    };
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_at(deadline_of(call));
    struct trace_context *trace = trace_current();
    ProtobufCMessage *out = arena_alloc(call->arena, method->out->sizeof_message);

    trace_enter(trace, request_header(&rq, "traceparent"));
    trace_set_request_id(trace, request_header(&rq, "x-request-id"));
    protobuf_c_message_init(method->out, out);

    const grpc_slice payload = payload_slice(call);
    struct status st = serve(call, &rq, payload, out);
    report(call, &rq, &st);
    hide_internals(&st);
    rpc_call_finish(call, &st, call->method->service->domain, &rq.details, out);
    grpc_slice_unref(payload);
}

static void serve_stream(struct server_call *call)
{
    static const struct error_details none;
    struct status st = call->method->stream(call);

    rpc_call_finish(call, &st, "souk.common", &none, NULL);
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
    if (call->cancelled) /* on_closed found no task */
        task_cancel(call->task);
    if (!call->method)
        serve_unknown(call);
    else if (call->method->stream)
        serve_stream(call);
    else
        serve_unary(call);
    call->task = NULL;
    rpc_call_release(call);
}

static grpc_byte_buffer *to_buffer(const ProtobufCMessage *message)
{
    grpc_slice slice = grpc_slice_malloc(protobuf_c_message_get_packed_size(message));

    protobuf_c_message_pack(message, GRPC_SLICE_START_PTR(slice));
    grpc_byte_buffer *buffer = grpc_raw_byte_buffer_create(&slice, 1);
    grpc_slice_unref(slice);
    return buffer;
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

void rpc_call_finish(struct server_call *call, const struct status *st, const char *domain,
                     const struct error_details *details, const ProtobufCMessage *out)
{
    grpc_op ops[3] = {0};
    size_t count = 0;
    grpc_byte_buffer *buffer = NULL;
    grpc_metadata trailer;
    grpc_slice detail = grpc_empty_slice();

    if (!call->sent_headers)
        ops[count++].op = GRPC_OP_SEND_INITIAL_METADATA;
    if (status_ok(st) && out) {
        buffer = to_buffer(out);
        ops[count].op = GRPC_OP_SEND_MESSAGE;
        ops[count++].data.send_message.send_message = buffer;
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
    if (buffer)
        grpc_byte_buffer_destroy(buffer);
    if (!status_ok(st))
        grpc_slice_unref(trailer.value);
    grpc_slice_unref(detail);
}

/* A batch that does not end in time, or in vain, ends with its call. */
static bool await_batch(struct server_call *call, struct rpc_wait *batch, const char *what)
{
    rpc_wait_interruptibly(batch, what);
    if (!batch->done) {
        grpc_call_cancel(call->core, NULL);
        rpc_loop_poke();
        rpc_wait_done(batch, what);
    }
    return batch->ok;
}

bool rpc_stream_send(struct server_call *call, const ProtobufCMessage *message)
{
    AUTO(task_deadline_end)
    struct task_deadline limit = task_deadline_in_us(call->server->stream_send_limit_us);
    grpc_op ops[2] = {0};
    size_t count = 0;
    struct rpc_wait sent;
    grpc_byte_buffer *buffer = to_buffer(message);

    if (!call->sent_headers)
        ops[count++].op = GRPC_OP_SEND_INITIAL_METADATA;
    call->sent_headers = true;
    ops[count].op = GRPC_OP_SEND_MESSAGE;
    ops[count++].data.send_message.send_message = buffer;
    rpc_wait_init(&sent);
    rpc_loop_start_batch(call->core, ops, count, &sent.op);
    grpc_byte_buffer_destroy(buffer);
    return await_batch(call, &sent, "stream send");
}

bool rpc_stream_receive(struct server_call *call, const ProtobufCMessageDescriptor *type,
                        ProtobufCMessage **ret)
{
    grpc_byte_buffer *buffer = NULL;
    const grpc_op op = {
        .op = GRPC_OP_RECV_MESSAGE,
        .data.recv_message.recv_message = &buffer,
    };
    struct rpc_wait received;

    rpc_wait_init(&received);
    rpc_loop_start_batch(call->core, &op, 1, &received.op);
    await_batch(call, &received, "stream receive"); /* it must end before the buffer goes */
    if (!buffer)
        return false;
    struct server_call view = {.payload = buffer};
    const grpc_slice slice = payload_slice(&view);
    *ret = pb_unpack(type, GRPC_SLICE_START_PTR(slice), GRPC_SLICE_LENGTH(slice), call->arena);
    grpc_slice_unref(slice);
    grpc_byte_buffer_destroy(buffer);
    return *ret != NULL;
}
