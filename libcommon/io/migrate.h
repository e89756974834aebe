#pragma once

/*
 * migrate: brings a schema to where the binary wants it. One statement a step, each recorded,
 * because DDL commits by itself. Steps are only ever added, run in the order of their names, and
 * fit the binary before them (expand, then contract).
 *
 * The table schema_migration has a row for each step of each component: written before the step
 * runs, with `applied_at` empty until it is done. A process that dies in between leaves such a row
 * behind, and only then the next one takes "exists already" (1050, 1060, 1061, 1068, 1517) and
 * "cannot drop what is not there" (1051, 1091, 1507) for done, and says so in the log; of a step
 * that was never begun they are errors. So DDL that creates, adds or drops survives a crash at any
 * point; renaming does not, and needs a look. A step of data (INSERT, UPDATE, DELETE) and its
 * record are one transaction.
 *
 * Several processes may start at once: one works, the others wait (GET_LOCK) and find it done. A
 * step that has to wait for a table gives up after 2 s and tries again, for some minutes, so that
 * it does not hold up everybody else's statements behind it. Nothing limits how long a step runs
 * but the task's own deadline.
 */

#include <stddef.h>

#include "base/attributes.h"
#include "base/status.h"

struct db;

enum { MIGRATE_COMPONENT_MAX = 64, MIGRATE_NAME_MAX = 128 }; /* bytes */

struct migration {
    const char *name; /* "0001_create_stock"; each sorts behind the one before it */
    const char *sql;  /* one statement */
};

/*
 * Runs the steps of `component` that were not run yet, in their order. FAILED_PRECONDITION
 * MIGRATION_CHANGED: a step that was run reads differently now. FAILED_PRECONDITION
 * MIGRATION_UNKNOWN: the schema has a step of this component that the binary lacks before one that
 * it has. Later steps (of a newer binary) are fine. Otherwise what db says of the step that failed;
 * those before it stay done.
 */
MUST_USE SUSPENDS struct status migrate(struct db *db, const char *component,
                                        const struct migration *steps, size_t step_count);
