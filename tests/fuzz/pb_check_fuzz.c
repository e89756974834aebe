/*
 * Holds pb_check to its promise: what it lets pass, protobuf-c unpacks, to values within the limits
 * and with as much memory as foretold; what it refuses has something wrong with it.
 *
 * A second opinion looks at the unpacked message through protobuf-c's own descriptors. The first
 * byte of an input says which request it is.
 */

#include <protobuf-c/protobuf-c.h>
#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "io/pb_check.h"
#include "souk/common/v1/types.types.h"
#include "souk/fuzz/v1/everything.types.h"
#include "souk/inventory/v1/inventory.types.h"

#define MUST(is_true) ((is_true) ? (void)0 : die(__LINE__, #is_true))

struct request_kind {
    const struct rpc_method *method;
    bool has_oneof; /* pb_check looks at members that a later one replaces */
};

/* A block of memory knows its size: a string that is shorter than its block was cut off. */
struct block {
    size_t size;
    _Alignas(16) unsigned char bytes[];
};

static size_t allocated;

static bool opinion(const struct pb_message_rule *rule, const ProtobufCMessage *message);

static void die(int line, const char *what)
{
    fprintf(stderr, "pb_check_fuzz.c:%d: not so: %s\n", line, what);
    abort();
}

static void *allocate(void *data, size_t size)
{
    (void)data;
    struct block *block = malloc(sizeof *block + size);
    block->size = size;
    allocated += size;
    return block->bytes;
}

static void release(void *data, void *memory)
{
    (void)data;
    if (memory)
        free(CONTAINER_OF(memory, struct block, bytes));
}

static ProtobufCAllocator allocator = {.alloc = allocate, .free = release};

static bool matches(const char *pattern, const char *text)
{
    regex_t regex;
    MUST(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) == 0);
    const bool is_match = regexec(&regex, text, 0, NULL, 0) == 0;
    regfree(&regex);
    return is_match;
}

static bool string_is_good(const struct pb_field_rule *rule, const char *text)
{
    const uint8_t *bytes = (const uint8_t *)text;
    const size_t size = strlen(text);
    if (text != protobuf_c_empty_string &&
        CONTAINER_OF(text, struct block, bytes)->size != size + 1)
        return false;
    if (u8_check(bytes, size) || u8_mbsnlen(bytes, size) > rule->max_len)
        return false;
    return !rule->pattern || size == 0 || matches(rule->pattern->text, text);
}

/* As the C type that protoc-c gives the field. */
static __int128 number_at(ProtobufCType type, const void *value)
{
    switch (type) {
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32: return *(const uint32_t *)value;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64: return *(const int64_t *)value;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64: return *(const uint64_t *)value;
    default: return *(const int32_t *)value;
    }
}

static bool number_is_good(const struct pb_field_rule *rule, const ProtobufCFieldDescriptor *field,
                           const void *value)
{
    const __int128 number = number_at(field->type, value);
    if (field->type == PROTOBUF_C_TYPE_BOOL && number != 0 && number != 1)
        return false;
    if (rule->has_range && (number < rule->min || (rule->max != INT64_MAX && number > rule->max)))
        return false;
    if (field->type != PROTOBUF_C_TYPE_ENUM)
        return true;

    const ProtobufCEnumDescriptor *values = field->descriptor;
    for (unsigned i = 0; i < values->n_values; i++) {
        if (values->values[i].value == number)
            return true;
    }
    return false;
}

static bool value_is_good(const struct pb_field_rule *rule, const ProtobufCFieldDescriptor *field,
                          const void *value)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING: return string_is_good(rule, *(char *const *)value);
    case PROTOBUF_C_TYPE_BYTES: return ((const ProtobufCBinaryData *)value)->len <= rule->max_len;
    case PROTOBUF_C_TYPE_MESSAGE: {
        const ProtobufCMessage *message = *(ProtobufCMessage *const *)value;
        return !message || opinion(rule->message, message);
    }
    default: return number_is_good(rule, field, value);
    }
}

static bool is_empty(const ProtobufCFieldDescriptor *field, const void *value)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING: return **(char *const *)value == '\0';
    case PROTOBUF_C_TYPE_BYTES: return ((const ProtobufCBinaryData *)value)->len == 0;
    case PROTOBUF_C_TYPE_MESSAGE: return *(void *const *)value == NULL;
    default: return number_at(field->type, value) == 0;
    }
}

static size_t size_in_list(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE: return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES: return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64: return sizeof(int64_t);
    default: return sizeof(int32_t);
    }
}

static bool list_is_good(const struct pb_field_rule *rule, const ProtobufCFieldDescriptor *field,
                         const char *elements, size_t count)
{
    if (count > rule->max_items || count < rule->min_items || (rule->required && count == 0))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!value_is_good(rule, field, elements + i * size_in_list(field->type)))
            return false;
    }
    return true;
}

static bool field_is_good(const struct pb_field_rule *rule, const ProtobufCFieldDescriptor *field,
                          const ProtobufCMessage *message)
{
    const char *value = (const char *)message + field->offset;
    const char *quantifier = (const char *)message + field->quantifier_offset;

    MUST(rule->number == field->id && strcmp(rule->name, field->name) == 0);
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return list_is_good(rule, field, *(char *const *)value, *(const size_t *)quantifier);
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF && *(const uint32_t *)quantifier != field->id)
        return true;
    if (rule->required && is_empty(field, value))
        return false;
    return value_is_good(rule, field, value);
}

/* Is every value within its limits? */
static bool opinion(const struct pb_message_rule *rule, const ProtobufCMessage *message)
{
    const ProtobufCMessageDescriptor *descriptor = message->descriptor;
    MUST(rule->field_count == descriptor->n_fields && rule->size == descriptor->sizeof_message);
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        if (!field_is_good(&rule->fields[i], &descriptor->fields[i], message))
            return false;
    }
    return true;
}

static ProtobufCMessage *unpack(const struct rpc_method *method, const uint8_t *bytes, size_t size)
{
    allocated = 0;
    return protobuf_c_message_unpack(method->in, &allocator, size, bytes);
}

/* Packed again it is as good, and packed once more it is the same. */
static void pack_and_unpack(const struct rpc_method *method, const ProtobufCMessage *message,
                            struct arena *arena)
{
    struct pb_violations found;
    size_t unpack_size = 0;
    const size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = malloc(size + 1), *again = malloc(size + 1);

    MUST(protobuf_c_message_pack(message, bytes) == size);
    const struct status st = pb_check(method->in_rule, bytes, size, arena, &found, &unpack_size);
    MUST(status_ok(&st));

    ProtobufCMessage *copy = unpack(method, bytes, size);
    MUST(copy && allocated == unpack_size);
    MUST(protobuf_c_message_get_packed_size(copy) == size);
    MUST(protobuf_c_message_pack(copy, again) == size && memcmp(bytes, again, size) == 0);
    protobuf_c_message_free_unpacked(copy, &allocator);
    free(bytes);
    free(again);
}

static void try_request(const struct request_kind *kind, const uint8_t *bytes, size_t size,
                        struct arena *arena)
{
    struct pb_violations found;
    size_t unpack_size = 0;
    const struct status st =
        pb_check(kind->method->in_rule, bytes, size, arena, &found, &unpack_size);
    MUST(status_ok(&st) == (found.total == 0) && found.count <= found.total);
    if (status_is(&st, REASON_MALFORMED_MESSAGE))
        return;

    ProtobufCMessage *message = unpack(kind->method, bytes, size);
    if (status_ok(&st)) {
        MUST(message && allocated == unpack_size);
        MUST(opinion(kind->method->in_rule, message));
        pack_and_unpack(kind->method, message, arena);
    } else if (message && !kind->has_oneof) {
        MUST(!opinion(kind->method->in_rule, message));
    }
    if (message)
        protobuf_c_message_free_unpacked(message, &allocator);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct request_kind kinds[] = {
        {&everything_put_numbers_method, false},  {&everything_put_texts_method, false},
        {&everything_choose_method, true},        {&everything_ping_method, false},
        {&inventory_reserve_stock_method, false},
    };
    static struct arena *arena;
    if (!arena)
        arena = arena_new(1 << 16);
    arena_reset(arena);
    if (size > 0)
        try_request(&kinds[data[0] % ARRAY_LEN(kinds)], data + 1, size - 1, arena);
    return 0;
}
