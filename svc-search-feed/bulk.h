#pragma once

/*
 * bulk: many documents in one request to the engine, and what became of each.
 *
 * A document carries its version: the engine keeps the highest (external_gte), so requests may be
 * repeated and may overtake each other. Pure.
 */

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/status.h"
#include "base/str.h"
#include "document.h"

/* False, and nothing added, for texts that are no UTF-8: the engine could not take them. */
MUST_USE bool bulk_add(struct str *body, const struct document *document, int64_t version);

enum bulk_outcome {
    BULK_INDEXED,  /* it has this version now, or had a higher one */
    BULK_BUSY,     /* try again later */
    BULK_NO_INDEX, /* there is no index behind the alias */
    BULK_REFUSED,  /* this document never fits */
};

struct bulk_result {
    enum bulk_outcome outcome;
    char why[160]; /* of what is not indexed: for people */
};

/* One result for each document, in their order. INTERNAL for an answer that is none to `count`. */
MUST_USE struct status bulk_read(const json_t *answer, struct bulk_result *ret, size_t count);
