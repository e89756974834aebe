#pragma once

/*
 * pb_wire: protobuf's wire format, piece by piece, as strictly as any receiver reads it. A piece
 * that is cut off or longer than its value can be is refused, so two readers never see two values
 * in the same bytes.
 *
 * Pure. Outputs are untouched on failure, the cursor is then worth nothing.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"

enum pb_wire_type {
    PB_WIRE_VARINT = 0,
    PB_WIRE_FIXED64 = 1,
    PB_WIRE_LENGTH = 2,
    PB_WIRE_FIXED32 = 5,
};

/* Bytes that are still to be read. */
struct pb_cursor {
    const uint8_t *at;
    const uint8_t *end;
};

struct pb_span {
    const uint8_t *bytes;
    size_t size;
};

struct pb_tag {
    uint32_t number; /* 1 to 2^29-1 */
    enum pb_wire_type type;
};

static inline size_t pb_cursor_left(const struct pb_cursor *cursor)
{
    return (size_t)(cursor->end - cursor->at);
}

/* The long way of pb_wire_varint(): more than one byte, or none. */
MUST_USE bool pb_wire_long_varint(struct pb_cursor *cursor, uint64_t *ret);

/* At most 10 bytes and 64 bits. */
MUST_USE static inline bool pb_wire_varint(struct pb_cursor *cursor, uint64_t *ret)
{
    if (cursor->at == cursor->end || *cursor->at & 0x80)
        return pb_wire_long_varint(cursor, ret);
    *ret = *cursor->at++;
    return true;
}

/* Groups are refused: no proto3 sender makes them. */
MUST_USE bool pb_wire_tag(struct pb_cursor *cursor, struct pb_tag *ret);

/* A length and as many bytes. */
MUST_USE bool pb_wire_span(struct pb_cursor *cursor, struct pb_span *ret);

MUST_USE bool pb_wire_fixed32(struct pb_cursor *cursor, uint64_t *ret);
MUST_USE bool pb_wire_fixed64(struct pb_cursor *cursor, uint64_t *ret);

/* One value of a field that nobody knows. */
MUST_USE bool pb_wire_skip(struct pb_cursor *cursor, enum pb_wire_type type);
