#include "io/pb_wire.h"

#include <endian.h>
#include <string.h>

enum { VARINT_MAX = 10, VARINT32_MAX = 5 };

/* Up to `size_max` bytes; the last of 10 has room for one bit. */
static bool read_varint(struct pb_cursor *cursor, size_t size_max, uint64_t *ret)
{
    const size_t left = pb_cursor_left(cursor);
    const size_t most = left < size_max ? left : size_max;
    uint64_t value = 0;

    for (size_t i = 0; i < most; i++) {
        const uint8_t byte = cursor->at[i];
        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte & 0x80)
            continue;
        if (i == VARINT_MAX - 1 && byte > 1)
            return false;
        cursor->at += i + 1;
        *ret = value;
        return true;
    }
    return false;
}

bool pb_wire_long_varint(struct pb_cursor *cursor, uint64_t *ret)
{
    return read_varint(cursor, VARINT_MAX, ret);
}

static bool type_is_known(unsigned type)
{
    return type == PB_WIRE_VARINT || type == PB_WIRE_FIXED64 || type == PB_WIRE_LENGTH ||
           type == PB_WIRE_FIXED32;
}

bool pb_wire_tag(struct pb_cursor *cursor, struct pb_tag *ret)
{
    uint64_t tag;
    if (!read_varint(cursor, VARINT32_MAX, &tag))
        return false;
    if (tag > UINT32_MAX || tag >> 3 == 0 || !type_is_known(tag & 7))
        return false;
    *ret = (struct pb_tag){.number = (uint32_t)(tag >> 3), .type = (enum pb_wire_type)(tag & 7)};
    return true;
}

bool pb_wire_span(struct pb_cursor *cursor, struct pb_span *ret)
{
    uint64_t size;
    if (!read_varint(cursor, VARINT32_MAX, &size) || size > pb_cursor_left(cursor))
        return false;
    *ret = (struct pb_span){.bytes = cursor->at, .size = (size_t)size};
    cursor->at += size;
    return true;
}

bool pb_wire_fixed32(struct pb_cursor *cursor, uint64_t *ret)
{
    uint32_t value;
    if (pb_cursor_left(cursor) < sizeof value)
        return false;
    memcpy(&value, cursor->at, sizeof value);
    cursor->at += sizeof value;
    *ret = le32toh(value);
    return true;
}

bool pb_wire_fixed64(struct pb_cursor *cursor, uint64_t *ret)
{
    uint64_t value;
    if (pb_cursor_left(cursor) < sizeof value)
        return false;
    memcpy(&value, cursor->at, sizeof value);
    cursor->at += sizeof value;
    *ret = le64toh(value);
    return true;
}

bool pb_wire_skip(struct pb_cursor *cursor, enum pb_wire_type type)
{
    uint64_t number;
    struct pb_span span;

    switch (type) {
    case PB_WIRE_VARINT: return pb_wire_varint(cursor, &number);
    case PB_WIRE_FIXED64: return pb_wire_fixed64(cursor, &number);
    case PB_WIRE_LENGTH: return pb_wire_span(cursor, &span);
    case PB_WIRE_FIXED32: return pb_wire_fixed32(cursor, &number);
    }
    return false;
}
