#pragma once

/*
 * error_details: what a refusal says besides its status: facts for machines (ErrorInfo.metadata),
 * fields that break the contract (BadRequest), when to come back (RetryInfo).
 *
 * A handler adds to `rq->details` before it returns the status; a client finds the peer's in
 * `call->details`. Plain storage; texts live in the arena of the request or call.
 *
 * Source: google/rpc/error_details.proto.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "io/pb_check.h"

enum { ERROR_METADATA_MAX = 8 };

struct error_metadata {
    const char *key; /* lower_snake, a literal or in the arena */
    const char *value;
};

struct error_details {
    struct error_metadata metadata[ERROR_METADATA_MAX];
    size_t metadata_count;
    const struct pb_violation *violations;
    size_t violation_count;
    int64_t retry_after_ms; /* 0: not said */
};

/* Beyond ERROR_METADATA_MAX nothing is added. */
void error_details_add(struct error_details *details, struct arena *arena, const char *key,
                       const char *format, ...) PRINTF(4, 5);

/* Names one field that is wrong: for what only a handler can find. */
void error_details_field(struct error_details *details, struct arena *arena, const char *field,
                         const char *description);

/* NULL when there is no such key. */
const char *error_details_find(const struct error_details *details, const char *key);
