#pragma once

/*
 * audit_policy: how a listing is audited: by its category, where it comes from and who made it.
 *
 * Pure. Source: 002 chapters 3.2, 3.3.5.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/status.h"
#include "source.h"

/* In the database: never change the numbers. */
enum audit_strategy {
    AUDIT_NONE = 0, /* not handed in yet */
    AUDIT_SKIP = 1,
    AUDIT_FAST_TRACK = 2,
    AUDIT_AUTO = 3,
    AUDIT_MANUAL = 4,
};

struct audit_policy {
    enum source source;
    int user_type; /* 0: whoever made it, where no row names his type */
    enum audit_strategy strategy;
};

/* `policies` are those of one category. FAILED_PRECONDITION NO_AUDIT_POLICY. */
MUST_USE struct status audit_policy_route(const struct audit_policy *policies, size_t count,
                                          enum source source, enum user_type user_type,
                                          enum audit_strategy *ret);

/* "fast_track". */
const char *audit_strategy_name(enum audit_strategy strategy);
