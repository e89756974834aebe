#pragma once

/*
 * pb_check: is what came over the wire a message that our contract allows? Looks at the bytes,
 * before anything is unpacked: protobuf-c cuts strings at NUL and recurses as deep as the sender
 * likes.
 *
 * The rules are generated from the .proto (souk.common.v1.field); docs of each limit are in
 * souk/common/v1/options.proto. Unknown fields are skipped, so newer clients can talk to older
 * servers. Never suspends, allocates only for violations.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"

enum {
    PB_CHECK_DEPTH_MAX = 32,      /* messages inside messages */
    PB_CHECK_VIOLATIONS_MAX = 50, /* more are counted, not named */
};

enum pb_kind {
    PB_VARINT, /* int32, int64, uint32, uint64, bool */
    PB_ENUM,
    PB_ZIGZAG, /* sint32, sint64 */
    PB_FIXED32,
    PB_FIXED64,
    PB_STRING,
    PB_BYTES,
    PB_MESSAGE,
};

struct pb_message_rule;

struct pb_field_rule {
    const char *name;
    uint32_t number;
    enum pb_kind kind;
    bool repeated;
    bool required;
    bool has_range; /* min <= value <= max, for each element of a repeated number */
    int64_t min;
    int64_t max;
    uint32_t max_len; /* strings: characters; bytes: octets */
    uint32_t min_items;
    uint32_t max_items;                    /* 0 for a field that is not repeated */
    const char *pattern;                   /* POSIX extended, or NULL */
    const struct pb_message_rule *message; /* of PB_MESSAGE */
};

struct pb_message_rule {
    const char *name;                   /* "souk.inventory.v1.SetStockRequest" */
    const struct pb_field_rule *fields; /* by ascending number */
    size_t field_count;
};

struct pb_violation {
    const char *field;       /* path from the request: "lines[2].quantity" */
    const char *description; /* "must be between 1 and 10000" */
};

struct pb_violations {
    struct pb_violation list[PB_CHECK_VIOLATIONS_MAX];
    size_t count; /* of list */
    size_t total; /* with those that did not fit */
};

/*
 * OK, or INVALID_ARGUMENT: MALFORMED_MESSAGE for bytes that are no message (the first fault
 * decides, `ret` may name the field), INVALID_FIELD with every violation in `ret`. Texts of
 * violations live in `arena`.
 */
MUST_USE struct status pb_check(const struct pb_message_rule *rule, const void *bytes, size_t size,
                                struct arena *arena, struct pb_violations *ret);
