#pragma once

/*
 * pb_check: is what came over the wire a message that our contract allows? Looks at the bytes,
 * before anything is unpacked: protobuf-c cuts strings at NUL, reads a bool out of any wire type,
 * merges what comes twice and recurses as deep as the sender likes.
 *
 * What passes here unpacks, and to values that were checked: pb_check reads the wire as protobuf-c
 * 1.4.1 does or refuses (tests/fuzz/pb_check_fuzz.c holds it to that). Stricter than a plain proto3
 * receiver: a known field of the wrong wire type, a singular message that comes again after one
 * that was not empty, groups and varints longer than their value needs room for are malformed.
 * Unknown fields are skipped, so newer clients can talk to older servers. Of a singular field that
 * comes again the last one counts; of a oneof, members that a later one replaces are checked too.
 *
 * The rules are generated from the .proto (souk.common.v1.field); docs of each limit are in
 * souk/common/v1/options.proto. Never suspends, allocates only for violations, needs 9 KiB of stack
 * and 26 KiB where there are patterns.
 */

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "io/pb_pattern.h"

enum {
    PB_CHECK_DEPTH_MAX = 32,      /* messages inside messages */
    PB_CHECK_FIELDS_MAX = 256,    /* of a message and those it is nested in, together */
    PB_CHECK_VIOLATIONS_MAX = 50, /* more are counted, not named */
};

enum pb_kind {
    PB_INT32,
    PB_INT64,
    PB_UINT32,
    PB_UINT64,
    PB_SINT32,
    PB_SINT64,
    PB_FIXED32,
    PB_FIXED64,
    PB_SFIXED32,
    PB_SFIXED64,
    PB_BOOL,
    PB_ENUM,
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
    bool in_oneof;  /* absence is not 0: limits are for what is present */
    bool has_range; /* min <= value <= max, for each element of a repeated number */
    int64_t min;
    int64_t max;      /* INT64_MAX is no limit, for uint64 too */
    uint32_t max_len; /* strings: characters; bytes: octets */
    uint32_t min_items;
    uint32_t max_items;                    /* 0 for a field that is not repeated */
    struct pb_pattern *pattern;            /* of PB_STRING, or NULL */
    const ProtobufCEnumDescriptor *values; /* of PB_ENUM: no other numbers are taken */
    const struct pb_message_rule *message; /* of PB_MESSAGE */
};

struct pb_message_rule {
    const char *name;                   /* "souk.inventory.v1.SetStockRequest" */
    size_t size;                        /* sizeof the unpacked struct */
    const struct pb_field_rule *fields; /* all of them, by ascending number */
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
 * OK, or INVALID_ARGUMENT: MALFORMED_MESSAGE for bytes that are no message (the first fault decides
 * and is the only one in `ret`), INVALID_FIELD with every violation in `ret`. Texts of violations
 * live in `arena`: at most 50 with a path and a sentence each.
 *
 * `ret_unpack_size` is how many bytes protobuf-c will ask its allocator for, in sum, to unpack what
 * passed (2 bytes of wire can make 100): an arena that has them left cannot overflow.
 */
MUST_USE struct status pb_check(const struct pb_message_rule *rule, const void *bytes, size_t size,
                                struct arena *arena, struct pb_violations *ret,
                                size_t *ret_unpack_size);

/*
 * For the start of a process: compiles the patterns that `rule` can reach and checks its tables. A
 * bad pattern, or nesting deeper than pb_check walks, is a BUG() here and not at the first request.
 * From then on the rule may be used by several threads.
 */
void pb_check_rules(const struct pb_message_rule *rule);
