#pragma once

/*
 * change: which of several changes count. Pure.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"

struct change {
    int64_t id; /* of what changed */
    int64_t version;
    size_t index; /* the owner's: where the rest of it is */
};

/*
 * Leaves the highest version of each id, by rising id, at the front; how many. Of equal versions
 * any.
 */
MUST_USE size_t changes_newest(struct change *changes, size_t count);
