#include "json_text.h"

#include <stdbool.h>

/* Counts brackets outside of strings; what is no JSON the parser will say. */
static bool is_too_deep(const char *text)
{
    bool in_string = false;
    int depth = 0;

    for (const char *at = text; *at; at++) {
        if (in_string && *at == '\\' && at[1])
            at++;
        else if (*at == '"')
            in_string = !in_string;
        else if (!in_string && (*at == '[' || *at == '{') && ++depth > JSON_TEXT_DEPTH_MAX)
            return true;
        else if (!in_string && (*at == ']' || *at == '}'))
            depth--;
    }
    return false;
}

json_t *json_text_parse(const char *text)
{
    return is_too_deep(text) ? NULL : json_loads(text, JSON_REJECT_DUPLICATES, NULL);
}

void json_text_end(json_t **json)
{
    json_decref(*json);
}
