#pragma once

/*
 * lease: at most one process does a job at a time, nearly. A row says who may until when, by the
 * database's clock; the holder renews it, and by its own clock believes in it a little shorter. A
 * holder that was frozen may still think it leads for a moment: what it does under a lease must be
 * safe to do twice.
 *
 * Table: lease (libcommon/patterns/migrations).
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/status.h"

struct db;
struct lease;

enum {
    LEASE_TTL_MS = 10 * 1000,
    LEASE_RENEW_MS = 3 * 1000,
    LEASE_LOOK_MS = 250, /* by those who wait for it */
};

/*
 * Starts a task that takes the lease `name` as soon as it is free and keeps it. `owner` tells this
 * process from all others. Both are kept.
 */
MUST_USE struct lease *lease_start(struct db *db, const char *name, const char *owner);
/* Gives it back, so that the next one need not wait. */
SUSPENDS void lease_stop(struct lease *lease);

MUST_USE bool lease_is_held(const struct lease *lease);
/* Waits until it is held. */
MUST_USE SUSPENDS struct status lease_wait(struct lease *lease);

/*
 * Grows each time the lease is taken anew, and when it may have been another's meanwhile: state
 * read under another term is stale.
 */
uint64_t lease_term(const struct lease *lease);
