#pragma once

/*
 * snapshots: what SKUs are now, under ids that stay. Normally one query: a publish keeps the
 * content of its item already.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "catalog.h"
#include "snapshot_repo.h"

/*
 * The SKUs that are known, in no particular order; those on sale have a snapshot. At most
 * DB_SET_MAX.
 */
MUST_USE SUSPENDS struct status snapshots_ensure(const struct catalog *catalog,
                                                 const int64_t *sku_ids, size_t count,
                                                 struct arena *arena, struct sku_state **ret,
                                                 size_t *ret_count);
