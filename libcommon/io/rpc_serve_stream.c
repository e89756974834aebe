/*
 * The server's end of streams.
 */
#include "io/rpc_server_internal.h"
#include "run/task.h"

static void release(struct rpc_stream *stream)
{
    rpc_call_release(CONTAINER_OF(stream, struct server_call, stream));
}

/*
 * Core tells a client that has said all and one that is gone alike. Of a call that is over it
 * sends no headers: that is how to know, where none were sent yet. Else the notice of the end is
 * on its way, with what was received.
 */
static struct status end(struct rpc_stream *stream)
{
    TRY(task_check());
    if (!stream->receiving.ok)
        return status_error(CODE_CANCELLED, "CANCELLED", "the client is gone");
    if (stream->headers_due)
        TRY(stream_send_headers(stream));
    TRY(rpc_loop_settle());
    return task_check();
}

void rpc_call_open_stream(struct server_call *call, const ProtobufCMessageDescriptor *in,
                          const struct pb_message_rule *in_rule, struct error_details *details)
{
    call->references++;
    call->stream = (struct rpc_stream){
        .core = call->core,
        .release = release,
        .in = in,
        .in_rule = in_rule,
        .details = details,
        .details_arena = call->arena,
        .out_max = (size_t)call->server->options->rpc_response_max_kib * 1024,
        .send_limit_us = call->server->stream_send_limit_us,
        .headers_due = true,
        .draining = &call->server->draining,
        .end = end,
    };
    stream_begin(&call->stream);
}

void rpc_call_close_stream(struct server_call *call)
{
    call->sent_headers = !call->stream.headers_due;
    call->in_bytes += call->stream.in_bytes;
    call->out_bytes += call->stream.out_bytes;
    stream_let_go(&call->stream);
}
