#include "io/migrate.h"

#include <mariadb/mysqld_error.h>
#include <string.h>
#include <xxhash.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/db.h"
#include "io/db_internal.h"
#include "observe/log.h"
#include "run/task.h"

enum {
    LOCK_TRY_S = 2, /* of one GET_LOCK; cancellation need not wait for it */
    LOCK_LIMIT_S = 15 * 60,
    /*
     * DDL that waits for a table holds up everybody who comes after it, so it gives up soon and
     * comes back later.
     */
    TABLE_WAIT_S = 2,
    TABLE_PAUSE_US = 500 * 1000,
    TABLE_TRIES = 120,
    DIGEST_SIZE = 16,
};

struct migrator {
    struct db_tx tx; /* a session: no transaction, unless one is begun by text */
    const char *database;
    const char *component;
    const struct migration *steps;
    size_t count;
};

enum step_state { STEP_NEW, STEP_BEGUN, STEP_DONE };

static void check_steps(const char *component, const struct migration *steps, size_t count)
{
    if (strlen(component) > MIGRATE_COMPONENT_MAX)
        BUG("component name too long: %s", component);
    for (size_t i = 0; i < count; i++) {
        if (strlen(steps[i].name) > MIGRATE_NAME_MAX)
            BUG("step name too long: %s", steps[i].name);
        if (i && strcmp(steps[i - 1].name, steps[i].name) >= 0)
            BUG("steps out of order: %s, %s", steps[i - 1].name, steps[i].name);
    }
}

static void digest_of(const char *sql, unsigned char ret[DIGEST_SIZE])
{
    XXH128_canonical_t canonical;

    XXH128_canonicalFromHash(&canonical, XXH3_128bits(sql, strlen(sql)));
    memcpy(ret, canonical.digest, DIGEST_SIZE);
}

/* One at a time. A lock's name is the whole server's and at most 64 characters: hence the digest. */
static struct status get_lock(struct migrator *m)
{
    const int64_t until_us = clock_mono_us() + LOCK_LIMIT_S * CLOCK_US_PER_S;
    AUTO(str_release) struct str name = {0};
    unsigned char digest[DIGEST_SIZE];
    char lock[sizeof "souk.migrate." + 2 * DIGEST_SIZE] = "souk.migrate.";

    str_printf(&name, "%s/%s", m->database, m->component);
    digest_of(str_text(&name), digest);
    str_hex(lock + strlen(lock), digest, DIGEST_SIZE);
    while (clock_mono_us() < until_us) {
        AUTO(db_rows_end) struct db_rows rows = {0};
        TRY(db_query(&m->tx, "SELECT GET_LOCK(?, ?)", DB_ARGS(DB_TEXT(lock), DB_I64(LOCK_TRY_S)),
                     &rows));
        if (db_rows_next(&rows) && db_get_i64(&rows, 0) == 1)
            return STATUS_OK;
    }
    return status_error(CODE_UNAVAILABLE, "DEPENDENCY_UNAVAILABLE",
                        "another process has been migrating for %d s", LOCK_LIMIT_S);
}

/* What has been run. */

static struct status check_row(const struct migrator *m, const struct db_rows *row,
                               enum step_state *states)
{
    const char *name = db_get_text(row, 0);
    const void *recorded;
    unsigned char digest[DIGEST_SIZE];
    size_t size, i = 0;

    while (i < m->count && strcmp(m->steps[i].name, name) < 0)
        i++;
    if (i == m->count)
        return STATUS_OK; /* a newer binary's */
    if (strcmp(m->steps[i].name, name) != 0)
        return status_error(CODE_FAILED_PRECONDITION, "MIGRATION_UNKNOWN",
                            "%s has step %s, which this binary lacks before %s", m->component, name,
                            m->steps[i].name);
    digest_of(m->steps[i].sql, digest);
    recorded = db_get_bytes(row, 1, &size);
    if (size != DIGEST_SIZE || memcmp(recorded, digest, DIGEST_SIZE) != 0)
        return status_error(CODE_FAILED_PRECONDITION, "MIGRATION_CHANGED",
                            "step %s of %s was another when it was run", name, m->component);
    states[i] = db_get_is_null(row, 2) ? STEP_BEGUN : STEP_DONE;
    return STATUS_OK;
}

static struct status read_states(struct migrator *m, enum step_state *states)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(&m->tx,
                 "SELECT name, digest, applied_at FROM schema_migration WHERE component = ?"
                 " ORDER BY name",
                 DB_ARGS(DB_TEXT(m->component)), &rows));
    while (db_rows_next(&rows))
        TRY(check_row(m, &rows, states));
    return STATUS_OK;
}

/* Running. */

static struct status record_begin(struct migrator *m, const struct migration *step)
{
    unsigned char digest[DIGEST_SIZE];

    digest_of(step->sql, digest);
    return db_exec(
        &m->tx, "INSERT INTO schema_migration (component, name, digest) VALUES (?, ?, ?)",
        DB_ARGS(DB_TEXT(m->component), DB_TEXT(step->name), DB_BYTES(digest, DIGEST_SIZE)), NULL);
}

static struct status record_done(struct migrator *m, const struct migration *step)
{
    return db_exec(&m->tx,
                   "UPDATE schema_migration SET applied_at = NOW(6)"
                   " WHERE component = ? AND name = ?",
                   DB_ARGS(DB_TEXT(m->component), DB_TEXT(step->name)), NULL);
}

/* It was refused for certain: the next who tries must not take it for half done. */
static void record_refused(struct migrator *m, const struct migration *step)
{
    status_ignore(db_exec(&m->tx,
                          "DELETE FROM schema_migration"
                          " WHERE component = ? AND name = ? AND applied_at IS NULL",
                          DB_ARGS(DB_TEXT(m->component), DB_TEXT(step->name)), NULL),
                  "the refusal is what the caller wants to know");
}

/* Data and record are one transaction; DDL commits by itself, and the record after it. */
static struct status run_in_transaction(struct migrator *m, const struct migration *step)
{
    TRY(db_session_text(&m->tx, "BEGIN"));
    TRY(db_session_text(&m->tx, step->sql));
    TRY(record_done(m, step));
    return db_session_text(&m->tx, "COMMIT");
}

static struct status run_once(struct migrator *m, const struct migration *step)
{
    const struct status st = run_in_transaction(m, step);
    if (!status_ok(&st)) /* or the BEGIN of the next try would commit it */
        status_ignore(db_session_text(&m->tx, "ROLLBACK"), "the failure itself says more");
    return st;
}

/* Of DDL that runs for the second time. */
static bool says_done_already(unsigned number)
{
    switch (number) {
    case ER_TABLE_EXISTS_ERROR:
    case ER_BAD_TABLE_ERROR:
    case ER_DUP_FIELDNAME:
    case ER_DUP_KEYNAME:
    case ER_MULTIPLE_PRI_KEY:
    case ER_CANT_DROP_FIELD_OR_KEY:
    case ER_SAME_NAME_PARTITION:
    case ER_PARTITION_DOES_NOT_EXIST: return true;
    default: return false;
    }
}

static struct status run_with_patience(struct migrator *m, const struct migration *step)
{
    for (int tries = 1;; tries++) {
        const struct status st = run_once(m, step);
        if (st.code != CODE_ABORTED || tries == TABLE_TRIES)
            return st;
        log_info("migration waits for a table", LOG_STR("component", m->component),
                 LOG_STR("step", step->name), LOG_STATUS(st));
        TRY(task_sleep_us(TABLE_PAUSE_US));
    }
}

static struct status run_step(struct migrator *m, const struct migration *step,
                              enum step_state state)
{
    if (state == STEP_NEW)
        TRY(record_begin(m, step));
    const struct status st = run_with_patience(m, step);
    if (status_ok(&st)) {
        log_info("migration step done", LOG_STR("component", m->component),
                 LOG_STR("step", step->name));
        return st;
    }
    const struct db_connection *c = m->tx.connection;
    if (state == STEP_BEGUN && says_done_already(c->error)) {
        log_warn("migration step had been done but not recorded",
                 LOG_STR("component", m->component), LOG_STR("step", step->name),
                 LOG_I64("error", c->error));
        return record_done(m, step);
    }
    if (state == STEP_NEW && !c->broken)
        record_refused(m, step);
    return status_error(st.code, st.reason, "step %s: %s", step->name, st.detail);
}

static struct status run_steps(struct migrator *m)
{
    AUTO(mem_freep) enum step_state *states = mem_calloc(m->count, sizeof *states);

    TRY(read_states(m, states));
    for (size_t i = 0; i < m->count; i++)
        if (states[i] != STEP_DONE)
            TRY(run_step(m, &m->steps[i], states[i]));
    return STATUS_OK;
}

static void migrator_end(struct migrator *m)
{
    db_tx_end(&m->tx); /* frees the lock too */
}

struct status migrate(struct db *db, const char *component, const struct migration *steps,
                      size_t step_count)
{
    AUTO(migrator_end)
    struct migrator m = {
        .database = db->database,
        .component = component,
        .steps = steps,
        .count = step_count,
    };

    check_steps(component, steps, step_count);
    TRY(db_session_begin(&m.tx, db));
    TRY(db_connection_release_brakes(m.tx.connection, TABLE_WAIT_S));
    TRY(get_lock(&m));
    TRY(db_session_text(&m.tx, "CREATE TABLE IF NOT EXISTS schema_migration ("
                               " component VARBINARY(64) NOT NULL,"
                               " name VARBINARY(128) NOT NULL,"
                               " digest BINARY(16) NOT NULL,"
                               " applied_at DATETIME(6) NULL,"
                               " PRIMARY KEY (component, name))"));
    return run_steps(&m);
}
