#pragma once

/*
 * What rpc_stream is made of, for the server's calls and the client's streams, which each embed
 * one.
 */

#include <grpc/grpc.h>

#include "io/error_details.h"
#include "io/rpc_loop.h"
#include "io/rpc_stream.h"

struct pb_message_rule;

/* A direction: at most one batch at a time, which may outlive the wait for it. */
struct stream_way {
    struct rpc_op op;
    struct task *task; /* that waits */
    bool pending;
    bool ok;
};

struct rpc_stream {
    grpc_call *core;
    unsigned references;                        /* the owner's, and one for each batch */
    void (*release)(struct rpc_stream *stream); /* the last of them is gone */

    const ProtobufCMessageDescriptor *in;
    const struct pb_message_rule *in_rule; /* NULL: not checked */
    struct error_details *details;         /* of what breaks the rule ... */
    struct arena *details_arena;           /* ... and where it lives */
    struct arena *arena;                   /* of the last message; NULL before the first */
    grpc_byte_buffer *received;
    struct stream_way receiving;
    bool heard_all;

    size_t out_max;
    int64_t send_limit_us; /* the other side is gone when a message takes longer; 0: no limit */
    struct stream_way sending;
    bool headers_due; /* of a server */
    bool is_deaf;     /* the other side takes no more */
    bool is_client;

    struct status failure; /* OK, or why nothing more is received */
    const bool *draining;  /* of a server */
    size_t in_bytes;
    size_t out_bytes;
    /* How the call ended, once the other side has said all. */
    struct status (*end)(struct rpc_stream *stream);
};

/* `stream` has its core, owner and limits. */
void stream_begin(struct rpc_stream *stream);
/* The owner is done with it; batches may still be under way. */
void stream_let_go(struct rpc_stream *stream);
/* A batch of the owner's: it holds the stream until stream_batch_over. */
void stream_start(struct rpc_stream *stream, const grpc_op *ops, size_t op_count,
                  struct rpc_op *op);
void stream_batch_over(struct rpc_stream *stream);

MUST_USE SUSPENDS struct status stream_send_headers(struct rpc_stream *stream);

MUST_USE grpc_byte_buffer *rpc_pack(const ProtobufCMessage *message, size_t size);
/* In one piece. Empty for none: a message without fields may come as no payload at all. */
MUST_USE grpc_slice rpc_bytes(grpc_byte_buffer *buffer);
/*
 * Checks, where there is a rule, and unpacks a message. What breaks the rule goes into `details`,
 * which live in `details_arena`.
 */
MUST_USE struct status rpc_unpack(const ProtobufCMessageDescriptor *type,
                                  const struct pb_message_rule *rule, grpc_slice bytes,
                                  struct arena *arena, struct error_details *details,
                                  struct arena *details_arena, ProtobufCMessage **ret);
