#pragma once

/*
 * expiry_sweep_repo: when the sweep ran, for the next process that sweeps. Table: expiry_sweep.
 */

#include <stdint.h>

#include "base/attributes.h"
#include "base/status.h"
#include "expiry_sweep.h"

struct db_tx;

/* Zeroed when it never ran. `*ret_now_us` is the database's clock. */
MUST_USE SUSPENDS struct status expiry_sweep_repo_find(struct db_tx *tx, struct expiry_sweep *ret,
                                                       int64_t *ret_now_us);
/* What another process noted later stays. */
MUST_USE SUSPENDS struct status expiry_sweep_repo_save(struct db_tx *tx,
                                                       const struct expiry_sweep *sweep);
