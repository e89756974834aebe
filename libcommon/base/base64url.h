#pragma once

/*
 * base64url: bytes as text that fits URLs, headers and JSON, without padding. Equal bytes have one
 * spelling: a text with padding, white space or bits that stand for nothing is refused.
 *
 * Source: RFC 4648, section 5.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"

/* Characters for so many bytes, without a terminator. */
MUST_USE size_t base64url_length(size_t size);
/* Writes base64url_length(size) characters and a terminator. */
void base64url_encode(char *to, const void *bytes, size_t size);

/*
 * `to` has room for length / 4 * 3 + 3 bytes. False, and nothing said of `to`, for a text that
 * base64url_encode does not write.
 */
MUST_USE bool base64url_decode(const char *text, size_t length, void *to, size_t *ret_size);
