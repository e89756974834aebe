#pragma once

/*
 * cron_repo: the SQL of cron. Private to cron. Times are the database's.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/status.h"
#include "patterns/cron_state.h"

struct db;
struct db_tx;

struct cron_row {
    char name[65];
    struct cron_state state;
    int64_t now_us; /* when it was read */
};

/* Those of the named jobs that have a row, from 1 to DB_SET_MAX names. `ret` has room for all. */
MUST_USE SUSPENDS struct status cron_repo_list(struct db *db, const char *const *names,
                                               size_t count, struct cron_row *ret,
                                               size_t *ret_count);

/* A state of zeros where there is no row yet. */
MUST_USE SUSPENDS struct status cron_repo_lock(struct db_tx *tx, const char *name,
                                               struct cron_row *ret, bool *ret_found);
/* ALREADY_EXISTS DUPLICATE_KEY: another process was faster. */
MUST_USE SUSPENDS struct status cron_repo_insert(struct db_tx *tx, const struct cron_row *row);
MUST_USE SUSPENDS struct status cron_repo_save(struct db_tx *tx, const struct cron_row *row);

/* Keeps a run for another CRON_LEASE_US, unless it is not the holder's any more. */
MUST_USE SUSPENDS struct status cron_repo_renew(struct db *db, const char *name, uint64_t fence,
                                                bool *ret_held);
