#include "suggest.h"

#include <string.h>

#include "base/str.h"
#include "query.h"

/*
 * What is near: a slip in a word or in a pair of Chinese characters, then two slips in a longer
 * word. Words are as the index has them without stems: its pairs keep English ones whole
 * (index_schema.h).
 */
static const struct {
    const char *name;
    const char *field;
    int slips;
    int length_min;
    int prefix; /* how much of its beginning has to be right */
} guesses[] = {
    {"title_1", "title", 1, 2, 0},
    {"brand_1", "brand", 1, 2, 0},
    {"title_2", "title", 2, 6, 1},
    {"brand_2", "brand", 2, 6, 1},
};

static json_t *guess(size_t i)
{
    return json_pack("{s:{s:s, s:s, s:i, s:i, s:i, s:i}}", "term", "field", guesses[i].field,
                     "suggest_mode", "missing", "size", 1, "max_edits", guesses[i].slips,
                     "min_word_length", guesses[i].length_min, "prefix_length", guesses[i].prefix);
}

json_t *suggest_body(const char *text)
{
    json_t *suggest = json_pack("{s:s%}", "text", text, query_sought_size(text));

    for (size_t i = 0; i < ARRAY_LEN(guesses); i++)
        json_object_set_new(suggest, guesses[i].name, guess(i));
    return json_pack("{s:i, s:o}", "size", 0, "suggest", suggest);
}

/* The nearest to a word of the query; NULL: the word is known, or nothing is near. */
static const char *option_of(const json_t *suggest, size_t word)
{
    for (size_t i = 0; i < ARRAY_LEN(guesses); i++) {
        const json_t *words = json_object_get(suggest, guesses[i].name);
        const json_t *options = json_object_get(json_array_get(words, word), "options");
        const char *text = json_string_value(json_object_get(json_array_get(options, 0), "text"));
        if (text)
            return text;
    }
    return NULL;
}

/* The engine counts in UTF-16, where characters of four bytes are two. */
static size_t utf16_units(char first_byte)
{
    const unsigned char byte = (unsigned char)first_byte;

    if ((byte & 0xc0) == 0x80)
        return 0;
    return byte >= 0xf0 ? 2 : 1;
}

/* Goes on in the text to a place in UTF-16. */
static const char *walk(const char *at, const char *end, size_t *units, size_t to_units)
{
    while (at < end && *units < to_units) {
        *units += utf16_units(*at);
        for (at++; at < end && !utf16_units(*at);)
            at++;
    }
    return at;
}

/* Pairs overlap: the first one that is replaced takes its characters from the next. */
const char *suggest_read(const json_t *answer, const char *text, struct arena *arena)
{
    const json_t *suggest = json_object_get(answer, "suggest");
    const json_t *words = json_object_get(suggest, guesses[0].name);
    const char *at = text, *end = text + query_sought_size(text);
    size_t units = 0;
    bool any = false;
    AUTO(str_release) struct str meant = {0};

    for (size_t i = 0; i < json_array_size(words); i++) {
        const json_t *word = json_array_get(words, i);
        const json_int_t offset = json_integer_value(json_object_get(word, "offset"));
        const json_int_t length = json_integer_value(json_object_get(word, "length"));
        const char *option = option_of(suggest, i);
        if (!option || offset < (json_int_t)units || length <= 0)
            continue;
        const char *from = walk(at, end, &units, (size_t)offset);
        str_append_bytes(&meant, at, (size_t)(from - at));
        str_append(&meant, option);
        at = walk(from, end, &units, (size_t)(offset + length));
        any = true;
    }
    if (!any)
        return NULL;
    str_append_bytes(&meant, at, (size_t)(end - at));
    return arena_strdup(arena, meant.text);
}
