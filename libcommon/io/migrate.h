#pragma once

/*
 * migrate: brings a schema to where the binary wants it. One statement a step, each recorded when
 * it is done, because DDL commits by itself: a process that dies in between goes on with the next
 * step. Steps are only ever added, and fit the binary before them (expand, then contract).
 *
 * Several processes may start at once: one works, the others wait (GET_LOCK) and find it done.
 */

#include <stddef.h>

#include "base/attributes.h"
#include "base/status.h"

struct db;

struct migration {
    const char *name; /* "0001_create_stock" */
    const char *sql;  /* one statement */
};

/*
 * Runs the steps of `component` that were not run yet, in their order. FAILED_PRECONDITION
 * MIGRATION_CHANGED: a step that was run reads differently now. FAILED_PRECONDITION
 * MIGRATION_UNKNOWN: the schema has a step of this component that the binary lacks before one that
 * it has. Later steps (of a newer binary) are fine.
 */
MUST_USE SUSPENDS struct status migrate(struct db *db, const char *component,
                                        const struct migration *steps, size_t step_count);
