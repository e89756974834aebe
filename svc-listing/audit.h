#pragma once

/*
 * audit: what the machine finds in a listing that was handed in. Fast track: are the attributes
 * what the category wants now? Otherwise the category's rules too.
 *
 * Source: 002 chapter 3.2.
 */

#include <stdint.h>

#include "base/attributes.h"
#include "base/status.h"
#include "listing.h"
#include "violations.h"

struct db_tx;

/* Adds all that is wrong to `violations`. `ret_rules`: by which rules, for the audit log. */
MUST_USE SUSPENDS struct status audit_look_at(struct db_tx *tx, const struct listing *listing,
                                              int64_t now_us, struct violations *violations,
                                              const char **ret_rules);
