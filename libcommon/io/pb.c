#include "io/pb.h"

/* What a peer sent may grow a hundredfold; NULL ends the unpacking. */
static void *allocate(void *arena, size_t size)
{
    return size <= arena_left(arena) ? arena_alloc(arena, size) : NULL;
}

static void keep(void *arena, void *memory)
{
    (void)arena;
    (void)memory;
}

ProtobufCMessage *pb_unpack(const ProtobufCMessageDescriptor *type, const void *bytes, size_t size,
                            struct arena *arena)
{
    ProtobufCAllocator allocator = {.alloc = allocate, .free = keep, .allocator_data = arena};
    return protobuf_c_message_unpack(type, &allocator, size, bytes);
}

struct pb_bytes pb_pack(const ProtobufCMessage *message, struct arena *arena)
{
    const size_t size = protobuf_c_message_get_packed_size(message);
    void *bytes = arena_alloc(arena, size);

    protobuf_c_message_pack(message, bytes);
    return (struct pb_bytes){.at = bytes, .size = size};
}
