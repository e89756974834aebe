#pragma once

/*
 * str: text that grows, and text that is a number.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"

/* Zero-initialise, append, release. `text` is always terminated once something was appended. */
struct str {
    char *text;
    size_t length;
    size_t room;
};

void str_release(struct str *str);
void str_append(struct str *str, const char *text);
void str_append_bytes(struct str *str, const void *bytes, size_t size);
void str_printf(struct str *str, const char *format, ...) PRINTF(2, 3);
/* "" instead of NULL where nothing was appended. */
const char *str_text(const struct str *str);
/* Hands the text over to the caller (mem_free); the str is empty afterwards. */
MUST_USE char *str_take(struct str *str);

/* The whole text is one decimal number in range; one that may be negative may have a sign. */
MUST_USE bool str_to_i64(const char *text, int64_t *ret);
MUST_USE bool str_to_u64(const char *text, uint64_t *ret);

MUST_USE bool str_starts_with(const char *text, const char *prefix);

/* Takes a UTF-8 character whose end is missing off the end: for text that was cut to fit. */
void str_trim_utf8(char *text);

/* Lower-case hexadecimal, 2 * size + 1 characters. */
void str_hex(char *to, const void *bytes, size_t size);
