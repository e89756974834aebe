#pragma once

/*
 * suggest: a query as it may have been meant. The engine names, for each word or pair of Chinese
 * characters that no title or brand has, the one that is nearest to it. Pure.
 */

#include <jansson.h>

#include "base/arena.h"
#include "base/attributes.h"

/* Asks for what is near to the sought part of the text. The caller's. */
MUST_USE json_t *suggest_body(const char *text);

/* The sought part of the text, corrected; NULL where the engine knows nothing better. */
MUST_USE const char *suggest_read(const json_t *answer, const char *text, struct arena *arena);
