#include "io/pb_check.h"

#include <string.h>
#include <unistr.h>

#include "io/pb_judge.h"
#include "io/pb_wire.h"
#include "souk/common/v1/types.types.h"

enum { MESSAGE_SIZE_MAX = 64 << 20 }; /* protobuf-c gives up on messages twice as long */

/* What a message holds for one of its fields, so far. */
struct slot {
    uint32_t count; /* times it came; elements of a list */
    uint32_t size;  /* of the last text */
    union {
        int64_t number; /* the bits of a uint64 */
        const uint8_t *text;
    } last;
};

/* A message being walked. */
struct frame {
    struct pb_place place;
    unsigned depth;
    const struct pb_message_rule *rule;
    struct slot *slots; /* one for each of rule->fields */
    size_t expected;    /* the field that probably comes next */
};

struct walk {
    struct pb_judge judge;
    size_t unpack_size;
    size_t slots_used;
    struct slot slots[PB_CHECK_FIELDS_MAX];
};

static const struct {
    enum pb_wire_type wire_type;
    size_t element_size; /* in the array that protobuf-c makes of a list */
} kinds[] = {
    [PB_INT32] = {PB_WIRE_VARINT, sizeof(int32_t)},
    [PB_INT64] = {PB_WIRE_VARINT, sizeof(int64_t)},
    [PB_UINT32] = {PB_WIRE_VARINT, sizeof(uint32_t)},
    [PB_UINT64] = {PB_WIRE_VARINT, sizeof(uint64_t)},
    [PB_SINT32] = {PB_WIRE_VARINT, sizeof(int32_t)},
    [PB_SINT64] = {PB_WIRE_VARINT, sizeof(int64_t)},
    [PB_FIXED32] = {PB_WIRE_FIXED32, sizeof(uint32_t)},
    [PB_FIXED64] = {PB_WIRE_FIXED64, sizeof(uint64_t)},
    [PB_SFIXED32] = {PB_WIRE_FIXED32, sizeof(int32_t)},
    [PB_SFIXED64] = {PB_WIRE_FIXED64, sizeof(int64_t)},
    [PB_BOOL] = {PB_WIRE_VARINT, sizeof(protobuf_c_boolean)},
    [PB_ENUM] = {PB_WIRE_VARINT, sizeof(uint32_t)},
    [PB_STRING] = {PB_WIRE_LENGTH, sizeof(char *)},
    [PB_BYTES] = {PB_WIRE_LENGTH, sizeof(ProtobufCBinaryData)},
    [PB_MESSAGE] = {PB_WIRE_LENGTH, sizeof(ProtobufCMessage *)},
};

static struct slot *slot_of(const struct frame *frame, const struct pb_field_rule *field)
{
    return &frame->slots[field - frame->rule->fields];
}

/* `field` NULL is the message itself; of a list, the element that was to come. */
static bool malformed(struct walk *walk, const struct frame *frame,
                      const struct pb_field_rule *field, const char *why)
{
    const uint32_t index = field ? slot_of(frame, field)->count : 0;
    pb_judge_malformed(&walk->judge, &frame->place, field, index, why);
    return false;
}

/* What protobuf-c makes of a number: it cuts to 32 bits where the type has no more. */
static int64_t number_of(enum pb_kind kind, uint64_t raw)
{
    const uint32_t low = (uint32_t)raw;

    switch (kind) {
    case PB_INT32:
    case PB_SFIXED32:
    case PB_ENUM: return (int32_t)low;
    case PB_UINT32:
    case PB_FIXED32: return low;
    case PB_SINT32: return (int32_t)((low >> 1) ^ -(low & 1));
    case PB_SINT64: return (int64_t)((raw >> 1) ^ -(raw & 1));
    default: return (int64_t)raw;
    }
}

static bool read_number(struct pb_cursor *in, enum pb_kind kind, int64_t *ret)
{
    uint64_t raw;
    bool is_whole;

    switch (kinds[kind].wire_type) {
    case PB_WIRE_FIXED32: is_whole = pb_wire_fixed32(in, &raw); break;
    case PB_WIRE_FIXED64: is_whole = pb_wire_fixed64(in, &raw); break;
    default: is_whole = pb_wire_varint(in, &raw); break;
    }
    if (is_whole)
        *ret = number_of(kind, raw);
    return is_whole;
}

/* One more element of a list. True when the list has room for it, so that it is worth a look: what
 * is too much is refused with the list. */
static bool count_element(struct walk *walk, const struct pb_field_rule *field, struct slot *slot)
{
    walk->unpack_size += kinds[field->kind].element_size;
    return slot->count++ < field->max_items;
}

static bool walk_number(struct walk *walk, const struct frame *frame,
                        const struct pb_field_rule *field, struct pb_cursor *in)
{
    struct slot *slot = slot_of(frame, field);
    int64_t number;
    if (!read_number(in, field->kind, &number))
        return malformed(walk, frame, field, "is a broken number");

    if (!field->repeated)
        *slot = (struct slot){.count = slot->count + 1, .last.number = number};
    else if (count_element(walk, field, slot))
        pb_judge_number(&walk->judge, &frame->place, field, slot->count - 1, number);
    return true;
}

static bool walk_packed(struct walk *walk, const struct frame *frame,
                        const struct pb_field_rule *field, struct pb_cursor *in)
{
    struct pb_span span;
    if (!pb_wire_span(in, &span))
        return malformed(walk, frame, field, "is cut off");

    struct pb_cursor numbers = {span.bytes, span.bytes + span.size};
    const size_t before = walk->unpack_size;
    while (numbers.at != numbers.end) {
        if (!walk_number(walk, frame, field, &numbers))
            return false;
    }
    if (field->kind == PB_BOOL) /* protobuf-c makes room for one a byte */
        walk->unpack_size = before + span.size * kinds[PB_BOOL].element_size;
    return true;
}

/* Most texts are ASCII. A NUL would end the C string early. */
static const char *fault_of_string(struct pb_span text)
{
    size_t ascii = 0;
    while (ascii < text.size && text.bytes[ascii] - 1u < 0x7f)
        ascii++;
    if (ascii == text.size)
        return NULL;
    if (memchr(text.bytes, '\0', text.size))
        return "holds a NUL";
    return u8_check(text.bytes, text.size) ? "is not UTF-8" : NULL;
}

static bool walk_text(struct walk *walk, const struct frame *frame,
                      const struct pb_field_rule *field, struct pb_span text)
{
    struct slot *slot = slot_of(frame, field);
    const bool is_string = field->kind == PB_STRING;
    const char *fault = is_string ? fault_of_string(text) : NULL;
    if (fault)
        return malformed(walk, frame, field, fault);
    walk->unpack_size += text.size + (is_string ? 1 : 0);

    if (!field->repeated)
        *slot = (struct slot){slot->count + 1, (uint32_t)text.size, .last.text = text.bytes};
    else if (count_element(walk, field, slot))
        pb_judge_text(&walk->judge, &frame->place, field, slot->count - 1, text);
    return true;
}

/* What protobuf-c allocates for a message without its fields' values. It notes where each field is:
 * the first 16 on the stack, the rest in blocks of 32, 64, ... */
static size_t message_size(const struct pb_message_rule *rule, size_t fields_seen)
{
    const size_t note_size = 32;
    size_t size = rule->size;

    for (size_t room = 16, more = 32; fields_seen > room; room += more, more *= 2)
        size += more * note_size;
    if (rule->field_count > 128)
        size += (rule->field_count + 7) / 8;
    return size;
}

static bool walk_message(struct walk *walk, struct frame *frame, struct pb_span message);

static bool walk_inner(struct walk *walk, const struct frame *frame,
                       const struct pb_field_rule *field, struct pb_span message)
{
    struct frame inner = {
        .place = {.outer = &frame->place, .via = field, .index = slot_of(frame, field)->count - 1},
        .depth = frame->depth + 1,
        .rule = field->message,
    };
    return walk_message(walk, &inner, message);
}

/*
 * Envoy sends an empty message ahead of the one that holds a REST body as it came. protobuf-c merges
 * the two, which is the second; an empty one is judged when no other came.
 */
static bool walk_single(struct walk *walk, const struct frame *frame,
                        const struct pb_field_rule *field, struct pb_span message)
{
    struct slot *slot = slot_of(frame, field);
    if (slot->size > 0)
        return malformed(walk, frame, field, "comes twice");
    if (slot->count++ > 0)
        walk->unpack_size += message_size(field->message, 0);
    slot->size = (uint32_t)message.size;
    return message.size == 0 || walk_inner(walk, frame, field, message);
}

static bool walk_element(struct walk *walk, const struct frame *frame,
                         const struct pb_field_rule *field, struct pb_span message)
{
    return !count_element(walk, field, slot_of(frame, field)) ||
           walk_inner(walk, frame, field, message);
}

static bool walk_span(struct walk *walk, const struct frame *frame,
                      const struct pb_field_rule *field, struct pb_cursor *in)
{
    struct pb_span span;
    if (!pb_wire_span(in, &span))
        return malformed(walk, frame, field, "is cut off");
    if (field->kind == PB_MESSAGE)
        return field->repeated ? walk_element(walk, frame, field, span)
                               : walk_single(walk, frame, field, span);
    return walk_text(walk, frame, field, span);
}

/* protobuf-c keeps a copy of what it does not know. */
static bool skip_unknown(struct walk *walk, const struct frame *frame, enum pb_wire_type type,
                         struct pb_cursor *in)
{
    const uint8_t *start = in->at;
    if (!pb_wire_skip(in, type))
        return malformed(walk, frame, NULL, "has a broken unknown field");
    walk->unpack_size += sizeof(ProtobufCMessageUnknownField) + (size_t)(in->at - start);
    return true;
}

/* Senders write fields by ascending number, so it is mostly the one after the last. */
static const struct pb_field_rule *find_field(struct frame *frame, uint32_t number)
{
    const struct pb_field_rule *fields = frame->rule->fields;
    size_t low = 0, high = frame->rule->field_count;
    size_t middle = frame->expected;

    while (low < high) {
        if (fields[middle].number == number) {
            const bool is_last = middle + 1 == frame->rule->field_count;
            frame->expected = fields[middle].repeated || is_last ? middle : middle + 1;
            return &fields[middle];
        }
        if (fields[middle].number < number)
            low = middle + 1;
        else
            high = middle;
        middle = low + (high - low) / 2;
    }
    return NULL;
}

static bool walk_field(struct walk *walk, struct frame *frame, struct pb_cursor *in)
{
    struct pb_tag tag;
    if (!pb_wire_tag(in, &tag))
        return malformed(walk, frame, NULL, "has a broken field tag");

    const struct pb_field_rule *field = find_field(frame, tag.number);
    if (!field)
        return skip_unknown(walk, frame, tag.type, in);

    const enum pb_wire_type type = kinds[field->kind].wire_type;
    if (tag.type != type && tag.type == PB_WIRE_LENGTH && field->repeated)
        return walk_packed(walk, frame, field, in);
    if (tag.type != type)
        return malformed(walk, frame, field, "has the wrong wire type");
    if (type == PB_WIRE_LENGTH)
        return walk_span(walk, frame, field, in);
    return walk_number(walk, frame, field, in);
}

static bool take_slots(struct walk *walk, struct frame *frame)
{
    const size_t count = frame->rule->field_count;
    if (frame->depth > PB_CHECK_DEPTH_MAX || count > PB_CHECK_FIELDS_MAX - walk->slots_used)
        return false;
    frame->slots = &walk->slots[walk->slots_used];
    memset(frame->slots, 0, count * sizeof *frame->slots);
    walk->slots_used += count;
    return true;
}

static bool is_empty(const struct pb_field_rule *field, const struct slot *slot)
{
    switch (field->kind) {
    case PB_STRING:
    case PB_BYTES: return slot->size == 0;
    case PB_MESSAGE: return slot->count == 0;
    default: return slot->last.number == 0;
    }
}

/* A singular field by the value that came last; absence reads 0 and "". */
static void judge_last(struct pb_judge *judge, const struct frame *frame,
                       const struct pb_field_rule *field, const struct slot *slot)
{
    if (field->in_oneof && slot->count == 0)
        return;
    if (field->required && is_empty(field, slot))
        pb_judge_missing(judge, &frame->place, field);
    else if (kinds[field->kind].wire_type != PB_WIRE_LENGTH)
        pb_judge_number(judge, &frame->place, field, 0, slot->last.number);
    else if (field->kind != PB_MESSAGE)
        pb_judge_text(judge, &frame->place, field, 0,
                      (struct pb_span){slot->last.text, slot->size});
}

/* Of a message that is there, but empty: walk_single left it. */
static bool judge_empty(struct walk *walk, const struct frame *frame,
                        const struct pb_field_rule *field, const struct slot *slot)
{
    const struct pb_span nothing = {(const uint8_t *)"", 0};

    if (field->kind != PB_MESSAGE || slot->count == 0 || slot->size > 0)
        return true;
    return walk_inner(walk, frame, field, nothing);
}

/* False when the message is malformed after all. */
static bool judge_fields(struct walk *walk, const struct frame *frame)
{
    for (size_t i = 0; i < frame->rule->field_count; i++) {
        const struct pb_field_rule *field = &frame->rule->fields[i];
        const struct slot *slot = &frame->slots[i];
        if (field->repeated) {
            pb_judge_count(&walk->judge, &frame->place, field, slot->count);
            continue;
        }
        judge_last(&walk->judge, frame, field, slot);
        if (!judge_empty(walk, frame, field, slot))
            return false;
    }
    return true;
}

/* Elements of lists are judged as they come, everything else when all of the message is seen. */
static bool walk_message(struct walk *walk, struct frame *frame, struct pb_span message)
{
    if (!take_slots(walk, frame))
        return malformed(walk, frame, NULL, "is nested too deep");

    struct pb_cursor in = {message.bytes, message.bytes + message.size};
    size_t fields_seen = 0;
    for (; in.at != in.end; fields_seen++) {
        if (!walk_field(walk, frame, &in))
            return false;
    }
    if (!judge_fields(walk, frame))
        return false;

    walk->unpack_size += message_size(frame->rule, fields_seen);
    walk->slots_used -= frame->rule->field_count;
    return true;
}

static struct status refusal(const char *reason, const struct pb_violations *violations)
{
    const struct pb_violation *first = &violations->list[0];
    const char *field = *first->field ? first->field : "message";
    if (violations->total == 1)
        return status_error(CODE_INVALID_ARGUMENT, reason, "%s %s", field, first->description);
    return status_error(CODE_INVALID_ARGUMENT, reason, "%s %s (and %zu more)", field,
                        first->description, violations->total - 1);
}

struct status pb_check(const struct pb_message_rule *rule, const void *bytes, size_t size,
                       struct arena *arena, struct pb_violations *ret, size_t *ret_unpack_size)
{
    struct walk walk; /* the slots stay as they are until a message takes them */
    walk.judge = (struct pb_judge){arena, ret};
    walk.unpack_size = 0;
    walk.slots_used = 0;
    ret->count = ret->total = 0;

    struct frame request = {.depth = 1, .rule = rule};
    const struct pb_span message = {size ? bytes : "", size};
    if (size > MESSAGE_SIZE_MAX) {
        pb_judge_malformed(&walk.judge, &request.place, NULL, 0, "is too long");
        return refusal(REASON_MALFORMED_MESSAGE, ret);
    }
    if (!walk_message(&walk, &request, message))
        return refusal(REASON_MALFORMED_MESSAGE, ret);
    if (ret->total > 0)
        return refusal(REASON_INVALID_FIELD, ret);
    *ret_unpack_size = walk.unpack_size;
    return STATUS_OK;
}

static void check_field_rule(const struct pb_message_rule *rule, const struct pb_field_rule *field)
{
    if (field > rule->fields && field->number <= field[-1].number)
        BUG("%s.%s: fields are not in order", rule->name, field->name);
    if ((field->kind == PB_ENUM) != (field->values != NULL))
        BUG("%s.%s: an enum, and only that, has values", rule->name, field->name);
    if ((field->kind == PB_MESSAGE) != (field->message != NULL))
        BUG("%s.%s: a message, and only that, has a rule", rule->name, field->name);
    if (field->pattern)
        pb_pattern_compile(field->pattern);
}

static void check_rule(const struct pb_message_rule *rule, unsigned depth, size_t fields)
{
    fields += rule->field_count;
    if (depth > PB_CHECK_DEPTH_MAX || fields > PB_CHECK_FIELDS_MAX)
        BUG("%s: nested too deep, or too many fields on the way", rule->name);

    for (size_t i = 0; i < rule->field_count; i++) {
        const struct pb_field_rule *field = &rule->fields[i];
        check_field_rule(rule, field);
        if (field->message)
            check_rule(field->message, depth + 1, fields);
    }
}

void pb_check_rules(const struct pb_message_rule *rule)
{
    check_rule(rule, 1, 0);
}
