#pragma once

/*
 * violations: what is wrong with a draft, all of it at once: fields by their path from the request
 * ("draft.skus[0].attributes[1]") and why.
 *
 * Pure. Bounded: beyond VIOLATIONS_MAX they are counted only.
 */

#include <stddef.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"

enum { VIOLATIONS_MAX = 50 };

struct violation {
    const char *reason; /* literal */
    const char *field;
    const char *description; /* "must be between 1 and 20" */
};

struct violations {
    struct arena *arena; /* texts live here */
    struct violation list[VIOLATIONS_MAX];
    size_t count; /* of list */
    size_t total; /* with those that did not fit */
};

MUST_USE struct violations *violations_new(struct arena *arena);

/* INVALID_FIELD. `field` is kept: a literal, or in the arena. */
void violations_add(struct violations *violations, const char *field, const char *format, ...)
    PRINTF(3, 4);
/* Another reason, which the status has when nothing else is wrong. */
void violations_add_reason(struct violations *violations, const char *reason, const char *field,
                           const char *format, ...) PRINTF(4, 5);

/* OK, or INVALID_ARGUMENT with the reason that all of them have, else INVALID_FIELD. */
MUST_USE struct status violations_status(const struct violations *violations);

/* One line for people, of so many bytes at the most, cut between characters. In the arena. */
MUST_USE char *violations_text(const struct violations *violations, size_t size_max);
