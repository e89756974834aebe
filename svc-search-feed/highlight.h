#pragma once

/*
 * highlight: which parts of a text were found. The engine marks the text once for each way in which
 * it understands it; found is what any of them marks. Pure.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

struct text_part {
    const char *text;
    bool is_match;
};

/* Put together they are the text, whatever it is; none for an empty one. */
struct text_parts {
    struct text_part *list;
    size_t count;
};

/* `marked` are the text with marks (query.h), NULL where there are none. */
struct text_parts highlight_parts(const char *text, const char *const *marked, size_t count,
                                  struct arena *arena);
