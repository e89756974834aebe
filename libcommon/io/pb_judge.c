#include "io/pb_judge.h"

#include <inttypes.h>
#include <unistr.h>

enum { ENUM_NAMES_MAX = 8 }; /* that a violation lists */

typedef const char *(*describer)(struct arena *arena, const struct pb_field_rule *field);

static const char *describe_missing(struct arena *arena, const struct pb_field_rule *field)
{
    (void)arena;
    (void)field;
    return "is required";
}

static const char *describe_range(struct arena *arena, const struct pb_field_rule *field)
{
    if (field->max == INT64_MAX)
        return arena_printf(arena, "must be at least %" PRId64, field->min);
    return arena_printf(arena, "must be between %" PRId64 " and %" PRId64, field->min, field->max);
}

/* UNSPECIFIED is what absence reads as, nothing to choose. */
static const char *describe_values(struct arena *arena, const struct pb_field_rule *field)
{
    const ProtobufCEnumDescriptor *values = field->values;
    const char *text = "must be one of";
    unsigned named = 0;

    for (unsigned i = 0; i < values->n_values; i++) {
        if (values->values[i].value == 0)
            continue;
        if (named == ENUM_NAMES_MAX)
            return arena_printf(arena, "%s, ...", text);
        text = arena_printf(arena, "%s%s %s", text, named++ ? "," : "", values->values[i].name);
    }
    return text;
}

static const char *describe_length(struct arena *arena, const struct pb_field_rule *field)
{
    return arena_printf(arena, "must be at most %" PRIu32 " %s", field->max_len,
                        field->kind == PB_BYTES ? "bytes" : "characters");
}

static const char *describe_pattern(struct arena *arena, const struct pb_field_rule *field)
{
    return arena_printf(arena, "must match %s", field->pattern->text);
}

static const char *describe_most(struct arena *arena, const struct pb_field_rule *field)
{
    return arena_printf(arena, "must have at most %" PRIu32 " element%s", field->max_items,
                        field->max_items == 1 ? "" : "s");
}

static const char *describe_least(struct arena *arena, const struct pb_field_rule *field)
{
    return arena_printf(arena, "must have at least %" PRIu32 " element%s", field->min_items,
                        field->min_items == 1 ? "" : "s");
}

/* `field` NULL is the message at `place` itself. */
static const char *path_of(struct arena *arena, const struct pb_place *place,
                           const struct pb_field_rule *field, uint32_t index)
{
    const char *path = place->outer ? path_of(arena, place->outer, place->via, place->index) : "";
    if (!field)
        return path;

    const char *dot = *path ? "." : "";
    if (field->repeated && index != PB_WHOLE_FIELD)
        return arena_printf(arena, "%s%s%s[%" PRIu32 "]", path, dot, field->name, index);
    return arena_printf(arena, "%s%s%s", path, dot, field->name);
}

static void complain(struct pb_judge *judge, const struct pb_place *place,
                     const struct pb_field_rule *field, uint32_t index, describer describe)
{
    struct pb_violations *ret = judge->ret;
    if (ret->total++ >= PB_CHECK_VIOLATIONS_MAX)
        return;
    ret->list[ret->count++] = (struct pb_violation){
        .field = path_of(judge->arena, place, field, index),
        .description = describe(judge->arena, field),
    };
}

static bool is_in_range(const struct pb_field_rule *field, int64_t number)
{
    const bool is_unsigned = field->kind == PB_UINT64 || field->kind == PB_FIXED64;
    if (is_unsigned && number < 0) /* above INT64_MAX */
        return field->max == INT64_MAX;
    return number >= field->min && number <= field->max;
}

/* Not by protobuf-c's own search, which overflows at INT32_MAX. */
static bool is_declared(const ProtobufCEnumDescriptor *values, int64_t number)
{
    for (unsigned i = 0; i < values->n_values; i++) {
        if (values->values[i].value == number)
            return true;
    }
    return false;
}

void pb_judge_number(struct pb_judge *judge, const struct pb_place *place,
                     const struct pb_field_rule *field, uint32_t index, int64_t number)
{
    if (field->has_range && !is_in_range(field, number))
        complain(judge, place, field, index, describe_range);
    else if (field->kind == PB_ENUM && !is_declared(field->values, number))
        complain(judge, place, field, index, describe_values);
}

static bool is_too_long(const struct pb_field_rule *field, struct pb_span text)
{
    if (text.size <= field->max_len)
        return false;
    return field->kind == PB_BYTES || u8_mbsnlen(text.bytes, text.size) > field->max_len;
}

void pb_judge_text(struct pb_judge *judge, const struct pb_place *place,
                   const struct pb_field_rule *field, uint32_t index, struct pb_span text)
{
    if (is_too_long(field, text))
        complain(judge, place, field, index, describe_length);
    else if (field->pattern && text.size > 0 &&
             !pb_pattern_matches(field->pattern, text.bytes, text.size))
        complain(judge, place, field, index, describe_pattern);
}

void pb_judge_count(struct pb_judge *judge, const struct pb_place *place,
                    const struct pb_field_rule *field, uint32_t count)
{
    if (count > field->max_items)
        complain(judge, place, field, PB_WHOLE_FIELD, describe_most);
    else if (field->required && count == 0)
        complain(judge, place, field, PB_WHOLE_FIELD, describe_missing);
    else if (count < field->min_items)
        complain(judge, place, field, PB_WHOLE_FIELD, describe_least);
}

void pb_judge_missing(struct pb_judge *judge, const struct pb_place *place,
                      const struct pb_field_rule *field)
{
    complain(judge, place, field, PB_WHOLE_FIELD, describe_missing);
}

void pb_judge_malformed(struct pb_judge *judge, const struct pb_place *place,
                        const struct pb_field_rule *field, uint32_t index, const char *why)
{
    judge->ret->list[0] = (struct pb_violation){
        .field = path_of(judge->arena, place, field, index),
        .description = why,
    };
    judge->ret->count = judge->ret->total = 1;
}
