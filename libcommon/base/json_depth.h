#pragma once

/*
 * json_depth: JSON from outside, before a parser sees it. Parsers recurse, and the stack of a task
 * is small: some hundred brackets in a row would be the end of the process.
 *
 * Pure. Source: RFC 8259.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"

/*
 * Are objects and arrays nested deeper than `most`? Of what is no JSON, as far as a parser may read
 * before it notices.
 */
MUST_USE bool json_is_deeper(const char *text, size_t size, size_t most);
