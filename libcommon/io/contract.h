#pragma once

/*
 * contract: what the code generated from a .proto (tools/protoc-gen-souk) and libcommon agree on.
 * Tables of constants, nothing else; services see them as `inventory_rpc_service`,
 * `inventory_set_stock_method`, `inventory_changed_event`.
 */

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "io/pb_check.h"

struct request;
struct rpc_stream;

/* Bits of rpc_method.roles: 1 << role, roles as in souk.common.v1.Role. */
enum role {
    ROLE_ANONYMOUS = 1,
    ROLE_CUSTOMER = 2,
    ROLE_MERCHANT = 3,
    ROLE_OPERATOR = 4,
    ROLE_SUPPLIER = 5,
    ROLE_SERVICE = 6,
    ROLE_PUBLIC_SIGNED = 7,
};

#define ROLE_BIT(role) (1u << (role))

/* The reasons that a package declares, as literals: a client gives a text that came over the wire
 * back its literal here. Those of souk.common.v1 come on top. */
struct reason_list {
    const char *const *reasons;
    size_t count;
};

/* A method as both sides know it. */
struct rpc_method {
    const char *path; /* "/souk.inventory.v1.InventoryService/SetStock" */
    const char *name; /* "SetStock" */
    const ProtobufCMessageDescriptor *in;
    const ProtobufCMessageDescriptor *out;
    const struct pb_message_rule *in_rule;
    const struct reason_list *reasons; /* NULL where the package declares none */
    unsigned roles;                    /* ROLE_BIT of each that may call */
    bool mutates; /* in has `char *request_id` at request_id_offset; streamed ones each its own */
    size_t request_id_offset;
    unsigned deadline_ms;
    unsigned weight;
    bool client_streams; /* the client sends many messages, each an `in` */
    bool server_streams; /* the server sends many messages, each an `out` */
};

/*
 * Serves one call. `in` is unpacked and valid, `ret` initialised; what `ret` points to lives in the
 * request's arena or longer. Runs in a task of its own under the call's deadline; a client that
 * goes away cancels it.
 */
typedef struct status (*rpc_handler)(struct request *rq, const ProtobufCMessage *in,
                                     ProtobufCMessage *ret);

/*
 * Serves a call that streams: io/rpc_stream.h. `in` is NULL where the client streams, `ret` where
 * the server does. The stream is over for the client when this returns.
 */
typedef struct status (*rpc_stream_handler)(struct request *rq, const ProtobufCMessage *in,
                                            struct rpc_stream *stream, ProtobufCMessage *ret);

/*
 * A service as its process serves it: handlers[i] serves methods[i], or stream_handlers[i] does.
 */
struct rpc_service {
    const char *name;   /* "souk.inventory.v1.InventoryService" */
    const char *domain; /* of ErrorInfo: "souk.inventory" */
    const struct rpc_method *const *methods;
    const rpc_handler *handlers;
    const rpc_stream_handler *stream_handlers; /* NULL where no method streams */
    size_t method_count;
};

/* The value of an event on Kafka, from souk.common.v1.event. */
struct event_type {
    const char *type;  /* ce_type: "inventory.changed" */
    const char *topic; /* "inventory.stock" */
    const ProtobufCMessageDescriptor *message;
    size_t key_offset; /* of the int64 in the message whose decimal form is the key */
};
