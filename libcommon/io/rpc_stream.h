#pragma once

/*
 * rpc_stream: the messages of a call that has many of them, at either end. Generated functions with
 * the messages' own types come down to these (x_watch_send, x_client_watch_recv ...).
 *
 * Back-pressure. Nothing is received before it is asked for; sending waits until core has the
 * message on its way, which holds back some 64 KiB a stream. A server's client that takes nothing
 * for ten seconds loses its call.
 *
 * Waits end with the task: DEADLINE_EXCEEDED, CANCELLED. That does no harm to the stream; what was
 * begun goes on, and the next call of the same function takes it up. So a handler may wait for a
 * message within a narrower deadline, and do something else meanwhile. One task may send while
 * another receives, never two the same; a handler joins such tasks before it returns.
 *
 * A server checks each message as the contract says; one that breaks it is INVALID_ARGUMENT, with
 * the fields in the request's details, and the stream gives no more. Messages have the largest
 * sizes of other calls. Deadline: the contract's and the client's, for the whole stream.
 *
 * When a server drains, streams go on and no new ones come. What has not ended when the grace is
 * over is cancelled, and its client gets UNAVAILABLE; a handler that would not end by itself asks
 * rpc_stream_is_draining. Streams are never retried here: only the caller knows where to go on.
 */

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

#include "base/attributes.h"
#include "base/status.h"

struct rpc_call;
struct rpc_client;
struct rpc_method;
struct rpc_stream;

/*
 * The next message; it lives until the next is asked for. NULL when the other side has said all:
 * the client finished, or the server answered OK. A client gets the server's refusal as status.
 */
MUST_USE SUSPENDS struct status rpc_stream_recv(struct rpc_stream *stream, ProtobufCMessage **ret);

/*
 * CANCELLED when the other side is gone; a client that wants to know why receives.
 * RESOURCE_EXHAUSTED MESSAGE_TOO_LARGE for what is larger than messages may be; the stream goes on.
 */
MUST_USE SUSPENDS struct status rpc_stream_send(struct rpc_stream *stream,
                                                const ProtobufCMessage *message);

/* For servers. */
MUST_USE bool rpc_stream_is_draining(const struct rpc_stream *stream);

/*
 * For clients. Begins a call; `in` is the only message of a stream that the server alone sends,
 * NULL otherwise. `client` and `call` live until it is closed. UNAVAILABLE at once where the peer
 * is left alone (base/breaker.h).
 */
MUST_USE struct status rpc_stream_open(struct rpc_client *client, struct rpc_call *call,
                                       const struct rpc_method *method, const ProtobufCMessage *in,
                                       struct rpc_stream **ret);
/* No more messages from here. */
MUST_USE SUSPENDS struct status rpc_stream_finish(struct rpc_stream *stream);
/* As above, then the one answer of a stream that the client alone sends. */
MUST_USE SUSPENDS struct status rpc_stream_answer(struct rpc_stream *stream,
                                                  ProtobufCMessage **ret);
/* Cancels the call where it is not over. Frees messages, too. NULL is fine. */
void rpc_stream_close(struct rpc_stream *stream);
void rpc_stream_closep(struct rpc_stream **stream);
