#pragma once

/*
 * json_text: JSON that somebody sent as a text. The parser recurses, so nesting is bounded before
 * it sees the text.
 *
 * Pure. Source: RFC 8259.
 */

#include <jansson.h>

#include "base/attributes.h"

enum { JSON_TEXT_DEPTH_MAX = 32 };

/* NULL unless it is an object or an array, nested JSON_TEXT_DEPTH_MAX deep at most. */
MUST_USE json_t *json_text_parse(const char *text);
/* Gives it back; NULL is fine. */
void json_text_end(json_t **json);
