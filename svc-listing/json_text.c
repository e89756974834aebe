#include "json_text.h"

#include <string.h>

#include "base/json_depth.h"

json_t *json_text_parse(const char *text)
{
    if (json_is_deeper(text, strlen(text), JSON_TEXT_DEPTH_MAX))
        return NULL;
    return json_loads(text, JSON_REJECT_DUPLICATES, NULL);
}

void json_text_end(json_t **json)
{
    json_decref(*json);
}
