#include "highlight.h"

#include <string.h>

#include "query.h"

static bool begins_with(const char *text, const char *mark)
{
    return strncmp(text, mark, strlen(mark)) == 0;
}

/*
 * Walks along both texts, of which the engine trims the marked one. A text that has marks itself is
 * marked up to there.
 */
static void note_marks(const char *text, const char *marked, bool *is_match)
{
    size_t at = strspn(text, " \t\r\n");
    bool inside = false;

    while (text[at] && *marked) {
        if (begins_with(marked, QUERY_MARK_OPEN)) {
            inside = true;
            marked += strlen(QUERY_MARK_OPEN);
        } else if (begins_with(marked, QUERY_MARK_CLOSE)) {
            inside = false;
            marked += strlen(QUERY_MARK_CLOSE);
        } else if (*marked++ == text[at]) {
            is_match[at++] |= inside;
        } else {
            return; /* the text has such characters itself */
        }
    }
}

struct text_parts highlight_parts(const char *text, const char *const *marked, size_t count,
                                  struct arena *arena)
{
    const size_t size = strlen(text);
    bool *is_match = arena_array_of(arena, bool, size);
    struct text_parts parts = {.list = arena_array_of(arena, struct text_part, size)};

    for (size_t i = 0; i < count; i++)
        if (marked[i])
            note_marks(text, marked[i], is_match);
    for (size_t from = 0, to; from < size; from = to) {
        for (to = from + 1; to < size && is_match[to] == is_match[from];)
            to++;
        parts.list[parts.count++] =
            (struct text_part){arena_strndup(arena, text + from, to - from), is_match[from]};
    }
    return parts;
}
