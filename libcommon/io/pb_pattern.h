#pragma once

/*
 * pb_pattern: what a text field of a contract has to look like. POSIX extended; sees bytes, so
 * classes and ranges are for ASCII. Compiled once and kept as long as the process lives.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"

struct pb_pattern {
    const char *text;
    void *compiled; /* NULL until pb_pattern_compile() */
};

/* A pattern that is no regular expression is a BUG(). Not for two threads at once. */
void pb_pattern_compile(struct pb_pattern *pattern);

/* Compiles at first use; NUL may be among the bytes. */
MUST_USE bool pb_pattern_matches(struct pb_pattern *pattern, const void *text, size_t size);
