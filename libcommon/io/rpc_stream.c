#include "io/rpc_stream_internal.h"

#include "base/arena.h"
#include "run/task.h"

enum { ARENA_MAX = 64 * 1024 * 1024 };

void stream_begin(struct rpc_stream *stream)
{
    stream->references = 1;
}

void stream_batch_over(struct rpc_stream *stream)
{
    if (--stream->references)
        return;
    arena_free(stream->arena);
    if (stream->received)
        grpc_byte_buffer_destroy(stream->received);
    stream->release(stream);
}

void stream_let_go(struct rpc_stream *stream)
{
    stream_batch_over(stream);
}

void stream_start(struct rpc_stream *stream, const grpc_op *ops, size_t op_count, struct rpc_op *op)
{
    stream->references++;
    rpc_loop_start_batch(stream->core, ops, op_count, op);
}

static void way_is_free(struct stream_way *way, struct rpc_stream *stream, bool ok)
{
    way->pending = false;
    way->ok = ok;
    if (way->task)
        task_wake(way->task);
    stream_batch_over(stream);
}

static void on_received(struct rpc_op *op, bool ok)
{
    struct rpc_stream *stream = CONTAINER_OF(op, struct rpc_stream, receiving.op);
    way_is_free(&stream->receiving, stream, ok);
}

static void on_sent(struct rpc_op *op, bool ok)
{
    struct rpc_stream *stream = CONTAINER_OF(op, struct rpc_stream, sending.op);
    way_is_free(&stream->sending, stream, ok);
}

static void take_way(struct rpc_stream *stream, struct stream_way *way,
                     void (*over)(struct rpc_op *op, bool ok), const grpc_op *ops, size_t op_count)
{
    way->pending = true;
    way->op.fn = over;
    stream_start(stream, ops, op_count, &way->op);
}

/* OK when the batch is over, whatever came of it. */
static struct status await(struct stream_way *way, const char *what)
{
    struct status st = STATUS_OK;

    BUG_ON(way->task); /* two tasks do the same at a time */
    way->task = task_self();
    while (way->pending && status_ok(&st))
        st = task_park(what);
    way->task = NULL;
    return way->pending ? st : STATUS_OK;
}

static struct status gone(struct rpc_stream *stream)
{
    stream->is_deaf = true;
    return status_error(CODE_CANCELLED, "CANCELLED", "the other side is gone");
}

/* After bytes that are no message nobody knows what the next ones are. */
static struct status broken(struct rpc_stream *stream, struct status st)
{
    if (stream->is_client)
        st = status_error(CODE_INTERNAL, "INTERNAL", "the peer sent what is no %s",
                          stream->in->short_name);
    stream->failure = st;
    return st;
}

static struct status unpack(struct rpc_stream *stream, ProtobufCMessage **ret)
{
    const grpc_slice bytes = rpc_bytes(stream->received);

    grpc_byte_buffer_destroy(stream->received);
    stream->received = NULL;
    stream->in_bytes += GRPC_SLICE_LENGTH(bytes);
    if (stream->arena)
        arena_reset(stream->arena);
    else
        stream->arena = arena_new(ARENA_MAX);
    const struct status st = rpc_unpack(stream->in, stream->in_rule, bytes, stream->arena,
                                        stream->details, stream->details_arena, ret);
    grpc_slice_unref(bytes);
    return status_ok(&st) ? st : broken(stream, st);
}

struct status rpc_stream_recv(struct rpc_stream *stream, ProtobufCMessage **ret)
{
    const grpc_op op = {.op = GRPC_OP_RECV_MESSAGE,
                        .data.recv_message.recv_message = &stream->received};

    TRY(stream->failure);
    if (!stream->heard_all && !stream->received && !stream->receiving.pending)
        take_way(stream, &stream->receiving, on_received, &op, 1);
    TRY(await(&stream->receiving, "stream recv"));
    if (stream->received)
        return unpack(stream, ret);
    stream->heard_all = true;
    TRY(stream->end(stream));
    *ret = NULL;
    return STATUS_OK;
}

/* A client that takes longer reads no more. */
static struct status await_within_limit(struct rpc_stream *stream)
{
    AUTO(task_deadline_end)
    struct task_deadline limit = task_deadline_in_us(stream->send_limit_us);

    return await(&stream->sending, "stream send");
}

static struct status await_sent(struct rpc_stream *stream)
{
    const struct status st = stream->send_limit_us ? await_within_limit(stream)
                                                   : await(&stream->sending, "stream send");
    if (status_ok(&st))
        return stream->sending.ok ? st : gone(stream);
    TRY(task_check()); /* it is the task's own end */
    grpc_call_cancel(stream->core, NULL);
    rpc_loop_poke();
    return gone(stream);
}

/* Before something is sent: what a wait left under way. */
static struct status get_way(struct rpc_stream *stream)
{
    if (stream->sending.pending)
        TRY(await_sent(stream));
    return stream->is_deaf ? gone(stream) : STATUS_OK;
}

struct status rpc_stream_send(struct rpc_stream *stream, const ProtobufCMessage *message)
{
    const size_t size = protobuf_c_message_get_packed_size(message);
    grpc_op ops[2] = {0};
    size_t count = 0;

    if (size > stream->out_max)
        return status_error(CODE_RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE",
                            "the message has %zu bytes, %zu may be sent", size, stream->out_max);
    TRY(get_way(stream));
    if (stream->headers_due)
        ops[count++].op = GRPC_OP_SEND_INITIAL_METADATA;
    stream->headers_due = false;
    grpc_byte_buffer *buffer = rpc_pack(message, size);
    ops[count].op = GRPC_OP_SEND_MESSAGE;
    ops[count++].data.send_message.send_message = buffer;
    take_way(stream, &stream->sending, on_sent, ops, count);
    grpc_byte_buffer_destroy(buffer);
    stream->out_bytes += size;
    return await_sent(stream);
}

static struct status send_alone(struct rpc_stream *stream, grpc_op_type type)
{
    const grpc_op op = {.op = type};

    TRY(get_way(stream));
    take_way(stream, &stream->sending, on_sent, &op, 1);
    return await_sent(stream);
}

struct status stream_send_headers(struct rpc_stream *stream)
{
    stream->headers_due = false;
    return send_alone(stream, GRPC_OP_SEND_INITIAL_METADATA);
}

struct status rpc_stream_finish(struct rpc_stream *stream)
{
    return send_alone(stream, GRPC_OP_SEND_CLOSE_FROM_CLIENT);
}

bool rpc_stream_is_draining(const struct rpc_stream *stream)
{
    return *stream->draining;
}
