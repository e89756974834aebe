#pragma once

/*
 * saga_ends: sagas that have gone forward to their end, noted in their rows many at a time. Nobody
 * waits for it, so it may take a moment: a process that dies in between has them resumed behind
 * their pivot, where every step does nothing the second time. Private to saga.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"

struct db;
struct saga_ends;

enum { SAGA_ENDS_GATHER_MS = 100, SAGA_ENDS_MAX = 1000 };

/* Starts a task. `owner` is kept. */
MUST_USE struct saga_ends *saga_ends_start(struct db *db, const char *owner);
/* Notes what is left, if the database answers; no others are added any more. */
SUSPENDS void saga_ends_stop(struct saga_ends *ends);

/* False: so many wait already that the database must be in trouble. Never suspends. */
MUST_USE bool saga_ends_add(struct saga_ends *ends, int64_t id);
