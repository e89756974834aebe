#include "io/error_details.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

void error_details_add(struct error_details *details, struct arena *arena, const char *key,
                       const char *format, ...)
{
    char text[256];
    va_list args;

    if (details->metadata_count == ERROR_METADATA_MAX)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    str_trim_utf8(text); /* it may have been cut */
    details->metadata[details->metadata_count++] =
        (struct error_metadata){.key = key, .value = arena_strdup(arena, text)};
}

void error_details_field(struct error_details *details, struct arena *arena, const char *field,
                         const char *description)
{
    const size_t count = details->violation_count;
    struct pb_violation *list = arena_array_of(arena, struct pb_violation, count + 1);

    if (count)
        memcpy(list, details->violations, count * sizeof *list);
    list[count] = (struct pb_violation){
        .field = arena_strdup(arena, field),
        .description = arena_strdup(arena, description),
    };
    details->violations = list;
    details->violation_count = count + 1;
}

const char *error_details_find(const struct error_details *details, const char *key)
{
    for (size_t i = 0; i < details->metadata_count; i++)
        if (strcmp(details->metadata[i].key, key) == 0)
            return details->metadata[i].value;
    return NULL;
}
