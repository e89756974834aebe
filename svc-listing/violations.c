#include "violations.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

enum { DESCRIPTION_MAX = 600 };

struct violations *violations_new(struct arena *arena)
{
    struct violations *violations = arena_new_of(arena, struct violations);

    violations->arena = arena;
    return violations;
}

static void add(struct violations *violations, const char *reason, const char *field,
                const char *format, va_list args)
{
    char description[DESCRIPTION_MAX];

    violations->total++;
    if (violations->count == VIOLATIONS_MAX)
        return;
    vsnprintf(description, sizeof description, format, args);
    violations->list[violations->count++] = (struct violation){
        .reason = reason,
        .field = field,
        .description = arena_strdup(violations->arena, description),
    };
}

void violations_add(struct violations *violations, const char *field, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add(violations, "INVALID_FIELD", field, format, args);
    va_end(args);
}

void violations_add_reason(struct violations *violations, const char *reason, const char *field,
                           const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add(violations, reason, field, format, args);
    va_end(args);
}

static const char *common_reason(const struct violations *violations)
{
    const char *reason = violations->list[0].reason;

    for (size_t i = 1; i < violations->count; i++)
        if (strcmp(violations->list[i].reason, reason) != 0)
            return "INVALID_FIELD";
    return reason;
}

struct status violations_status(const struct violations *violations)
{
    if (!violations->count)
        return STATUS_OK;
    return status_error(CODE_INVALID_ARGUMENT, common_reason(violations), "%s %s",
                        violations->list[0].field, violations->list[0].description);
}

static bool starts_character(char c)
{
    return ((unsigned char)c & 0xc0) != 0x80;
}

char *violations_text(const struct violations *violations, size_t size_max)
{
    AUTO(str_release) struct str text = {0};

    for (size_t i = 0; i < violations->count && text.length <= size_max; i++)
        str_printf(&text, "%s%s %s", i ? "; " : "", violations->list[i].field,
                   violations->list[i].description);
    size_t length = text.length;
    if (length > size_max)
        for (length = size_max; length && !starts_character(text.text[length]);)
            length--;
    return arena_strndup(violations->arena, str_text(&text), length);
}
