#pragma once

/*
 * callback: is it the provider who speaks, and what does he say? Checks the signature over the
 * bytes as they came (signature.h), then reads them. Touches nothing else.
 *
 * Source: DESIGN 5 (HMAC over timestamp and raw body).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/money.h"
#include "base/status.h"

enum { CALLBACK_AGE_MAX_S = 300, CALLBACK_BODY_MAX = 16 * 1024 };

struct callback_envelope {
    const char *timestamp; /* NULL: missing */
    const char *signature; /* hex; NULL: missing */
    const void *body;
    size_t body_size;
};

struct callback {
    const char *event_id;
    int64_t payment_id;
    bool succeeded;
    struct money amount;
};

/* UNAUTHENTICATED SIGNATURE_INVALID, CALLBACK_TOO_OLD. */
MUST_USE struct status callback_verify(const struct callback_envelope *envelope, const char *secret,
                                       int64_t now_s);

/* INVALID_ARGUMENT CALLBACK_INVALID says what is wrong; texts are in the arena. */
MUST_USE struct status callback_read(const struct callback_envelope *envelope, struct arena *arena,
                                     struct callback *ret);
