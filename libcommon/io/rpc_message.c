/*
 * Messages between core's buffers and protobuf-c's structs.
 */
#include <grpc/byte_buffer_reader.h>

#include "io/pb.h"
#include "io/rpc_stream_internal.h"

enum { UNPACKED_MAX = 16 * 1024 * 1024 };

grpc_byte_buffer *rpc_pack(const ProtobufCMessage *message, size_t size)
{
    grpc_slice slice = grpc_slice_malloc(size);

    protobuf_c_message_pack(message, GRPC_SLICE_START_PTR(slice));
    grpc_byte_buffer *buffer = grpc_raw_byte_buffer_create(&slice, 1);
    grpc_slice_unref(slice);
    return buffer;
}

grpc_slice rpc_bytes(grpc_byte_buffer *buffer)
{
    grpc_byte_buffer_reader reader;

    if (!buffer || !grpc_byte_buffer_reader_init(&reader, buffer))
        return grpc_empty_slice();
    const grpc_slice whole = grpc_byte_buffer_reader_readall(&reader);
    grpc_byte_buffer_reader_destroy(&reader);
    return whole;
}

static struct status check(const struct pb_message_rule *rule, const void *bytes, size_t size,
                           struct error_details *details, struct arena *details_arena)
{
    struct pb_violations *violations = arena_alloc(details_arena, sizeof *violations);
    size_t unpacked_size;
    const struct status st = pb_check(rule, bytes, size, details_arena, violations, &unpacked_size);

    if (!status_ok(&st)) {
        details->violations = violations->list;
        details->violation_count = violations->count;
        return st;
    }
    if (unpacked_size > UNPACKED_MAX)
        return status_error(CODE_RESOURCE_EXHAUSTED, "OVERLOADED",
                            "the message would take %zu bytes", unpacked_size);
    return STATUS_OK;
}

struct status rpc_unpack(const ProtobufCMessageDescriptor *type, const struct pb_message_rule *rule,
                         grpc_slice bytes, struct arena *arena, struct error_details *details,
                         struct arena *details_arena, ProtobufCMessage **ret)
{
    const void *at = GRPC_SLICE_START_PTR(bytes);
    const size_t size = GRPC_SLICE_LENGTH(bytes);

    if (rule)
        TRY(check(rule, at, size, details, details_arena));
    ProtobufCMessage *message = pb_unpack(type, at, size, arena);
    if (!message)
        return status_error(CODE_INVALID_ARGUMENT, "MALFORMED_MESSAGE", "the bytes are no %s",
                            type->short_name);
    *ret = message;
    return STATUS_OK;
}
