#pragma once

/*
 * pb: protobuf-c messages in an arena.
 */

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/attributes.h"

/*
 * NULL for bytes that are no such message, or one that does not fit into the arena. Everything of
 * it lives in the arena.
 */
MUST_USE ProtobufCMessage *pb_unpack(const ProtobufCMessageDescriptor *type, const void *bytes,
                                     size_t size, struct arena *arena);

struct pb_bytes {
    const void *at;
    size_t size;
};

MUST_USE struct pb_bytes pb_pack(const ProtobufCMessage *message, struct arena *arena);
