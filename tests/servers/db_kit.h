#pragma once

/*
 * db_kit: what tests of db need beside db itself.
 */

#include <mariadb/mysql.h>

#include "base/str.h"
#include "io/db.h"
#include "io/db_internal.h"
#include "observe/metrics.h"
#include "tests/servers/db_kit_open.h"

/* A statement as text, outside of any transaction. */
UNUSED static void kit_text(struct db *db, const char *sql)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    assert_ok(db_session_begin(&tx, db));
    assert_ok(db_session_text(&tx, sql));
}

/* Makes `name` anew. `columns` is what stands between the brackets. */
UNUSED static void kit_table(struct db *db, const char *name, const char *columns)
{
    AUTO(str_release) struct str sql = {0};

    str_printf(&sql, "CREATE OR REPLACE TABLE %s (%s)", name, columns);
    kit_text(db, str_text(&sql));
}

/* The only value of a query's only row. */
UNUSED static int64_t kit_i64(struct db_tx *tx, const char *sql, struct db_args args)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    assert_ok(db_query(tx, sql, args, &rows));
    assert_int_equal(rows.count, 1);
    assert_true(db_rows_next(&rows));
    return db_get_i64(&rows, 0);
}

/* The same in a transaction of its own. */
UNUSED static int64_t kit_read_i64(struct db *db, const char *sql, struct db_args args)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    assert_ok(db_read_begin(&tx, db));
    return kit_i64(&tx, sql, args);
}

UNUSED static void kit_write(struct db *db, const char *sql, struct db_args args)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    assert_ok(db_tx_begin(&tx, db));
    assert_ok(db_exec(&tx, sql, args, NULL));
    assert_ok(db_tx_commit(&tx));
}

/*
 * A connection of the test's own that blocks the loop: what it does is done before any task or
 * event of db has its turn.
 */
UNUSED static MYSQL *kit_blocking(void)
{
    MYSQL *mysql = mysql_init(NULL);
    const unsigned port = (unsigned)atoi(server_test_env("SOUK_TEST_DB_PORT"));

    if (!mysql_real_connect(mysql, server_test_env("SOUK_TEST_DB_HOST"),
                            server_test_env("SOUK_TEST_DB_USER"),
                            server_test_env("SOUK_TEST_DB_PASSWORD"),
                            server_test_env("SOUK_TEST_DB_NAME"), port, NULL, 0))
        fail_msg("no connection: %s", mysql_error(mysql));
    return mysql;
}

UNUSED static int64_t kit_blocking_i64(MYSQL *mysql, const char *sql)
{
    if (mysql_query(mysql, sql) != 0)
        fail_msg("%s: %s", sql, mysql_error(mysql));
    MYSQL_RES *rows = mysql_store_result(mysql);
    const MYSQL_ROW row = mysql_fetch_row(rows);
    const int64_t value = row && row[0] ? atoll(row[0]) : -1;
    mysql_free_result(rows);
    return value;
}

/* Is over when the server has forgotten the connection. */
UNUSED static void kit_kill(const struct db_connection *c)
{
    MYSQL *mysql = kit_blocking();
    char sql[120];

    snprintf(sql, sizeof sql, "KILL %lu", c->thread_id);
    assert_int_equal(mysql_query(mysql, sql), 0);
    snprintf(sql, sizeof sql, "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE ID = %lu",
             c->thread_id);
    while (kit_blocking_i64(mysql, sql) > 0) {
    }
    mysql_close(mysql);
}

/* Statements of our user that begin like this and run now. */
UNUSED static int64_t kit_running(const char *beginning)
{
    MYSQL *mysql = kit_blocking();
    char sql[200];

    snprintf(sql, sizeof sql,
             "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE '%s%%'",
             beginning);
    const int64_t count = kit_blocking_i64(mysql, sql);
    mysql_close(mysql);
    return count;
}
