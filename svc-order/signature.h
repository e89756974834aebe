#pragma once

/*
 * signature: what we and the payment provider sign with the secret that both know. Every purpose
 * has a word of its own in front, so what was signed for one means nothing for the other: the
 * customer carries the address of his payment, signature and all, and must not be able to call back
 * with it.
 *
 * Source: RFC 2104; docs/adr/0022.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"

enum { SIGNATURE_LENGTH = 64 }; /* hex digits */

enum signature_purpose {
    SIGNATURE_OF_CALLBACK, /* "callback": the timestamp, the body */
    SIGNATURE_OF_ADDRESS,  /* "address": the payment's id, "<currency>.<minor>" */
};

/* Hex of HMAC-SHA256 over <purpose> "." first "." second. */
void signature_make(const char *secret, enum signature_purpose purpose, const char *first,
                    const void *second, size_t second_size, char ret[SIGNATURE_LENGTH + 1]);

/* Takes as long for a near miss as for a far one. `given` is terminated, of any length. */
MUST_USE bool signature_fits(const char *given, const char expected[SIGNATURE_LENGTH + 1]);
