/*
 * The client's end of streams.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "io/rpc_client_internal.h"
#include "io/rpc_error.h"
#include "io/rpc_stream_internal.h"
#include "observe/span.h"
#include "run/task.h"

/* The attempt has headers and status; its batch is over when the call is. */
struct client_stream {
    struct rpc_stream stream;
    struct rpc_client *client;
    struct rpc_call *call;
    const struct rpc_method *method;
    struct attempt attempt;
    struct rpc_op on_over;
    struct task *task; /* that waits for the end */
    bool over;
    bool finished; /* sending */
    unsigned turn; /* of the breaker */
    struct span span;
    struct trace_context span_context;
};

static struct client_stream *of(struct rpc_stream *stream)
{
    return CONTAINER_OF(stream, struct client_stream, stream);
}

static void release(struct rpc_stream *stream)
{
    attempt_release(&of(stream)->attempt);
    mem_free(of(stream));
}

static void on_over(struct rpc_op *op, bool ok)
{
    struct client_stream *client_stream = CONTAINER_OF(op, struct client_stream, on_over);
    (void)ok; /* the status says it */

    client_stream->over = true;
    if (client_stream->task)
        task_wake(client_stream->task);
    stream_batch_over(&client_stream->stream);
}

/* The server has said all; its status follows. */
static struct status end(struct rpc_stream *stream)
{
    struct client_stream *own = of(stream);
    struct status st = STATUS_OK;

    own->task = task_self();
    while (!own->over && status_ok(&st))
        st = task_park("stream end");
    own->task = NULL;
    if (!own->over)
        return st;
    if (own->attempt.code == GRPC_STATUS_OK)
        return STATUS_OK;
    TRY(task_check());
    return attempt_refusal(&own->attempt, own->method, own->call);
}

static void start(struct client_stream *own, const ProtobufCMessage *in)
{
    struct attempt *attempt = &own->attempt;
    grpc_op ops[ATTEMPT_OPS_MAX];

    if (in)
        attempt->request = rpc_pack(in, protobuf_c_message_get_packed_size(in));
    own->finished = in != NULL;
    own->on_over.fn = on_over;
    stream_begin(&own->stream);
    stream_start(&own->stream, ops, attempt_ops(attempt, ops), &own->on_over);
}

static struct status begin(struct rpc_client *client, struct rpc_call *call,
                           const struct rpc_method *method, const ProtobufCMessage *in,
                           struct client_stream **ret)
{
    AUTO(task_deadline_end)
    struct task_deadline limit = task_deadline_in_us(method->deadline_ms * CLOCK_US_PER_MS);
    unsigned turn;

    TRY(task_check());
    TRY(rpc_client_enter(client, &turn));
    struct client_stream *own = mem_new(struct client_stream);
    *own = (struct client_stream){
        .stream = {.release = release,
                   .in = method->out,
                   .out_max = client->out_max,
                   .end = end,
                   .is_client = true},
        .client = client,
        .call = call,
        .method = method,
        .turn = turn,
    };
    call->details = (struct error_details){0};
    const struct status st = attempt_prepare(&own->attempt, client, method);
    if (!status_ok(&st)) {
        rpc_client_leave(client, turn, CODE_CANCELLED, false);
        release(&own->stream);
        return st;
    }
    own->stream.core = own->attempt.core;
    start(own, in);
    *ret = own;
    return STATUS_OK;
}

/* The span is the server's parent, and lasts as long as the stream. */
struct status rpc_stream_open(struct rpc_client *client, struct rpc_call *call,
                              const struct rpc_method *method, const ProtobufCMessage *in,
                              struct rpc_stream **ret)
{
    struct client_stream *own = NULL;
    AUTO(span_end) struct span span;

    span_begin(&span, SPAN_CLIENT, method->path + 1);
    const struct status st = begin(client, call, method, in, &own);
    if (!status_ok(&st)) {
        rpc_error_to_span(&st, &span);
        return st;
    }
    span_detach(&span, &own->span, &own->span_context);
    *ret = &own->stream;
    return STATUS_OK;
}

struct status rpc_stream_answer(struct rpc_stream *stream, ProtobufCMessage **ret)
{
    struct client_stream *own = of(stream);
    ProtobufCMessage *answer, *more = NULL;

    if (!own->finished) {
        own->finished = true;
        status_ignore(rpc_stream_finish(stream), "a server may answer before it heard all");
    }
    TRY(rpc_stream_recv(stream, &answer));
    TRY(answer ? rpc_stream_recv(stream, &more) : STATUS_OK);
    if (!answer || more)
        return status_error(CODE_INTERNAL, "INTERNAL", "%s answered with not one %s",
                            own->method->path, own->method->out->short_name);
    *ret = answer;
    return STATUS_OK;
}

static struct status outcome(const struct client_stream *own)
{
    if (!own->over)
        return status_error(CODE_CANCELLED, "CANCELLED", "given up");
    if (own->attempt.code == GRPC_STATUS_OK)
        return STATUS_OK;
    return attempt_refusal(&own->attempt, own->method, own->call);
}

void rpc_stream_close(struct rpc_stream *stream)
{
    if (!stream)
        return;
    struct client_stream *own = of(stream);
    const struct status st = outcome(own);

    rpc_client_leave(own->client, own->turn, st.code, false);
    rpc_client_count(own->client, own->method, st.code);
    rpc_error_to_span(&st, &own->span);
    span_end(&own->span);
    if (!own->over) {
        grpc_call_cancel(stream->core, NULL);
        rpc_loop_poke();
    }
    stream_let_go(stream);
}

void rpc_stream_closep(struct rpc_stream **stream)
{
    rpc_stream_close(*stream);
}
