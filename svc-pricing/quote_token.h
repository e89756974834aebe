#pragma once

/*
 * quote_token: a quote that its holder can carry but not alter. The bytes of the quote between a
 * format's number and an HMAC-SHA256 over both, as text:
 *
 *     base64url(0x01 | quote | HMAC-SHA256(secret, 0x01 | quote))
 *
 * It is not encrypted: what is in it, the customer was shown. Who changes the format gives it a
 * new number.
 *
 * Source: RFC 2104, RFC 4648.
 */

#include <stddef.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"

enum {
    QUOTE_TOKEN_MAX = 32768, /* characters: max_len of quote_token in the contract */
};

/*
 * Terminated, in the arena. RESOURCE_EXHAUSTED OVERLOADED when it would be longer than
 * QUOTE_TOKEN_MAX.
 */
MUST_USE struct status quote_token_make(const void *quote, size_t size, const char *secret,
                                        struct arena *arena, char **ret);

/* INVALID_ARGUMENT QUOTE_INVALID. What it carries is in the arena. */
MUST_USE struct status quote_token_open(const char *token, const char *secret, struct arena *arena,
                                        const void **ret_quote, size_t *ret_size);
