#include "tests/servers/db_kit.h"

/* Prepared statements: kept, forgotten, prepared again. */

static void make_account(struct db *db, int accounts)
{
    kit_table(db, "account", "id INT PRIMARY KEY, balance BIGINT UNSIGNED NOT NULL");
    for (int i = 0; i < accounts; i++)
        kit_write(db, "INSERT INTO account VALUES (?, 1000)", DB_ARGS(DB_I64(i)));
}

static void a_connection_keeps_so_many_statements_and_forgets_the_oldest(struct loop *loop)
{
    enum { MORE = DB_STATEMENTS_MAX + 50 };
    struct db *db = kit_db(loop, 1);
    const char *times_prepared = "SELECT CAST(VARIABLE_VALUE AS SIGNED) FROM"
                                 " information_schema.SESSION_STATUS"
                                 " WHERE VARIABLE_NAME = 'COM_STMT_PREPARE'";
    char *sql[MORE];
    AUTO(db_tx_end) struct db_tx tx = {0};

    assert_ok(db_read_begin(&tx, db));
    for (int i = 0; i < MORE; i++) {
        sql[i] = mem_printf("SELECT %d + ?", i);
        assert_int_equal(kit_i64(&tx, sql[i], DB_ARGS(DB_I64(1))), i + 1);
        assert_int_equal(kit_i64(&tx, sql[0], DB_ARGS(DB_I64(1))), 1); /* always young */
    }
    assert_int_equal(tx.connection->statements.count, DB_STATEMENTS_MAX);
    const int64_t prepared = kit_i64(&tx, times_prepared, DB_NO_ARGS);
    assert_int_equal(kit_i64(&tx, sql[0], DB_ARGS(DB_I64(1))), 1);
    assert_int_equal(kit_i64(&tx, sql[60], DB_ARGS(DB_I64(1))), 61);
    assert_int_equal(kit_i64(&tx, times_prepared, DB_NO_ARGS), prepared);
    for (int i = 0; i < MORE; i++)
        assert_int_equal(kit_i64(&tx, sql[i], DB_ARGS(DB_I64(2))), i + 2);
    db_tx_end(&tx);
    db_close(db);
    for (int i = 0; i < MORE; i++)
        mem_free(sql[i]);
}

static void a_statement_survives_a_change_of_its_table(struct loop *loop)
{
    struct db *db = kit_db(loop, 2);
    make_account(db, 1);
    AUTO(db_tx_end) struct db_tx tx = {0};
    const char *sql = "SELECT balance FROM account WHERE id = ?";
    assert_ok(db_read_begin(&tx, db));
    assert_int_equal(kit_i64(&tx, sql, DB_ARGS(DB_I64(0))), 1000);
    kit_text(db, "ALTER TABLE account ADD COLUMN note VARCHAR(10) FIRST,"
                 " MODIFY balance VARCHAR(30) NOT NULL");
    kit_text(db, "ALTER TABLE account MODIFY balance DECIMAL(20,0) NOT NULL");
    assert_int_equal(kit_i64(&tx, sql, DB_ARGS(DB_I64(0))), 1000);
    kit_text(db, "ALTER TABLE account MODIFY balance SMALLINT NOT NULL");
    assert_int_equal(kit_i64(&tx, sql, DB_ARGS(DB_I64(0))), 1000);
    db_tx_end(&tx);
    db_close(db);
}

SERVER_TESTS(a_connection_keeps_so_many_statements_and_forgets_the_oldest,
             a_statement_survives_a_change_of_its_table)
