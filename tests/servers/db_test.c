#include "tests/servers/db_kit.h"

/* Transactions: what commits, what does not, and what an error leaves. */

static void make_account(struct db *db)
{
    kit_table(db, "account",
              "id INT PRIMARY KEY, balance BIGINT UNSIGNED NOT NULL,"
              " name VARCHAR(40) UNIQUE");
    kit_write(db, "INSERT INTO account VALUES (1, 100, 'one'), (2, 100, 'two')", DB_NO_ARGS);
}

static int64_t balance(struct db *db, int id)
{
    return kit_read_i64(db, "SELECT balance FROM account WHERE id = ?", DB_ARGS(DB_I64(id)));
}

static struct status add(struct db_tx *tx, int id, int amount)
{
    return db_exec(tx, "UPDATE account SET balance = balance + ? WHERE id = ?",
                   DB_ARGS(DB_I64(amount), DB_I64(id)), NULL);
}

static void a_commit_is_seen_and_an_end_without_one_is_not(struct loop *loop)
{
    struct db *db = kit_db(loop, 2);
    make_account(db);
    {
        AUTO(db_tx_end) struct db_tx tx = {0};
        assert_ok(db_tx_begin(&tx, db));
        assert_ok(add(&tx, 1, 5));
        assert_int_equal(balance(db, 1), 100);
        assert_ok(db_tx_commit(&tx));
        assert_int_equal(balance(db, 1), 105);
    }
    {
        AUTO(db_tx_end) struct db_tx tx = {0};
        assert_ok(db_tx_begin(&tx, db));
        assert_ok(add(&tx, 1, 7));
    }
    assert_int_equal(balance(db, 1), 105);
    db_close(db);
}

static void a_rollback_frees_its_locks_and_keeps_the_connection(struct loop *loop)
{
    struct db *db = kit_db(loop, 1);
    make_account(db);
    const int64_t id = kit_read_i64(db, "SELECT CONNECTION_ID()", DB_NO_ARGS);
    for (int i = 0; i < 5; i++) {
        AUTO(db_tx_end) struct db_tx tx = {0};
        assert_ok(db_tx_begin(&tx, db));
        assert_ok(add(&tx, 1, 7)); /* would wait for the lock of the round before */
    }
    assert_int_equal(kit_read_i64(db, "SELECT CONNECTION_ID()", DB_NO_ARGS), id);
    assert_int_equal(balance(db, 1), 100);
    db_close(db);
}

static void the_session_is_as_the_sql_expects(struct loop *loop)
{
    struct db *db = kit_db(loop, 1);
    AUTO(db_tx_end) struct db_tx tx = {0};
    AUTO(db_rows_end) struct db_rows rows = {0};

    assert_ok(db_read_begin(&tx, db));
    assert_ok(db_query(&tx,
                       "SELECT @@tx_isolation, @@sql_mode, @@time_zone, @@character_set_client,"
                       " @@innodb_lock_wait_timeout, @@autocommit, @@idle_transaction_timeout",
                       DB_NO_ARGS, &rows));
    assert_true(db_rows_next(&rows));
    assert_string_equal(db_get_text(&rows, 0), "READ-COMMITTED");
    assert_non_null(strstr(db_get_text(&rows, 1), "STRICT_TRANS_TABLES"));
    assert_non_null(strstr(db_get_text(&rows, 1), "ONLY_FULL_GROUP_BY"));
    assert_string_equal(db_get_text(&rows, 2), "+00:00");
    assert_string_equal(db_get_text(&rows, 3), "utf8mb4");
    assert_int_equal(db_get_i64(&rows, 4), 3);
    assert_int_equal(db_get_i64(&rows, 5), 1);
    assert_int_equal(db_get_i64(&rows, 6), DB_TX_MARGIN_S);
    db_tx_end(&tx);
    db_close(db);
}

static void a_duplicate_key_is_told_and_the_transaction_goes_on(struct loop *loop)
{
    struct db *db = kit_db(loop, 1);
    make_account(db);
    AUTO(db_tx_end) struct db_tx tx = {0};
    assert_ok(db_tx_begin(&tx, db));
    assert_ok(add(&tx, 1, 1));
    const struct status st = db_exec(&tx, "INSERT INTO account VALUES (?, ?, ?)",
                                     DB_ARGS(DB_I64(3), DB_I64(0), DB_TEXT("two")), NULL);
    assert_int_equal(st.code, CODE_ALREADY_EXISTS);
    assert_string_equal(st.reason, "DUPLICATE_KEY");
    assert_null(strstr(st.detail, "two")); /* a value is nobody's business */
    assert_non_null(strstr(st.detail, "1062"));
    assert_ok(add(&tx, 2, 1));
    assert_ok(db_tx_commit(&tx));
    assert_int_equal(balance(db, 1), 101);
    assert_int_equal(balance(db, 2), 101);
    db_close(db);
}

static void an_unsigned_column_does_not_go_below_zero(struct loop *loop)
{
    struct db *db = kit_db(loop, 1);
    make_account(db);
    AUTO(db_tx_end) struct db_tx tx = {0};
    assert_ok(db_tx_begin(&tx, db));
    assert_reason(db_exec(&tx, "UPDATE account SET balance = balance - ? WHERE id = 1",
                          DB_ARGS(DB_I64(101)), NULL),
                  "VALUE_OUT_OF_RANGE");
    assert_reason(add(&tx, 1, -101), "VALUE_OUT_OF_RANGE");
    assert_reason(db_exec(&tx, "UPDATE account SET balance = ?", DB_ARGS(DB_I64(-1)), NULL),
                  "VALUE_OUT_OF_RANGE");
    assert_ok(db_exec(&tx, "UPDATE account SET balance = balance - ? WHERE id = 1",
                      DB_ARGS(DB_I64(100)), NULL));
    assert_ok(db_tx_commit(&tx));
    assert_int_equal(balance(db, 1), 0);
    db_close(db);
}

static void affected_counts_what_matched_and_changed(struct loop *loop)
{
    struct db *db = kit_db(loop, 1);
    uint64_t affected = 77;
    make_account(db);
    AUTO(db_tx_end) struct db_tx tx = {0};
    assert_ok(db_tx_begin(&tx, db));
    assert_ok(db_exec(&tx, "UPDATE account SET balance = ?", DB_ARGS(DB_I64(9)), &affected));
    assert_int_equal(affected, 2);
    assert_ok(db_exec(&tx, "UPDATE account SET balance = 10 WHERE id = ? AND balance = ?",
                      DB_ARGS(DB_I64(1), DB_I64(8)), &affected));
    assert_int_equal(affected, 0);
    assert_ok(db_exec(&tx, "DELETE FROM account", DB_NO_ARGS, &affected));
    assert_int_equal(affected, 2);
    db_tx_end(&tx);
    assert_int_equal(balance(db, 1), 100);
    db_close(db);
}

/* Two who want each other's. */
struct pair {
    struct db *db;
    int first, second;
    struct semaphore *mine, *other;
    struct status st;
};

static struct status lock_two(struct pair *p)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_tx_begin(&tx, p->db));
    TRY(add(&tx, p->first, 1));
    semaphore_release(p->mine);
    TRY(semaphore_acquire(p->other, "the other's lock"));
    TRY(add(&tx, p->second, 1));
    return db_tx_commit(&tx);
}

static void lock_two_task(void *arg)
{
    struct pair *p = arg;
    p->st = lock_two(p);
}

static void of_two_in_a_deadlock_one_is_told_contention(struct loop *loop)
{
    struct db *db = kit_db(loop, 2);
    struct semaphore a_holds, b_holds;
    make_account(db);
    semaphore_init(&a_holds, 0);
    semaphore_init(&b_holds, 0);
    struct pair a = {db, 1, 2, &a_holds, &b_holds, STATUS_OK};
    struct pair b = {db, 2, 1, &b_holds, &a_holds, STATUS_OK};
    struct task *tasks[] = {task_spawn("a", lock_two_task, &a), task_spawn("b", lock_two_task, &b)};

    assert_ok(task_join(tasks[0]));
    assert_ok(task_join(tasks[1]));
    assert_true(status_ok(&a.st) != status_ok(&b.st));
    const struct status loser = status_ok(&a.st) ? b.st : a.st;
    assert_int_equal(loser.code, CODE_ABORTED);
    assert_string_equal(loser.reason, "CONTENTION");
    assert_int_equal(balance(db, 1), 101);
    assert_int_equal(balance(db, 2), 101);
    db_close(db);
}

static void a_lock_that_does_not_come_is_contention(struct loop *loop)
{
    struct db *db = kit_db(loop, 2);
    make_account(db);
    AUTO(db_tx_end) struct db_tx holder = {0}, waiter = {0};
    assert_ok(db_tx_begin(&holder, db));
    assert_ok(add(&holder, 1, 1));
    assert_ok(db_tx_begin(&waiter, db));
    assert_reason(add(&waiter, 1, 1), "CONTENTION"); /* innodb_lock_wait_timeout */
    db_tx_end(&waiter);
    assert_ok(db_tx_commit(&holder));
    assert_int_equal(balance(db, 1), 101);
    db_close(db);
}

static void wrong_sql_is_our_fault_and_says_where(struct loop *loop)
{
    struct db *db = kit_db(loop, 1);
    AUTO(db_tx_end) struct db_tx tx = {0};

    assert_ok(db_tx_begin(&tx, db));
    struct status st = db_exec(&tx, "UPDATE nothing_such SET a = 1", DB_NO_ARGS, NULL);
    assert_int_equal(st.code, CODE_INTERNAL);
    assert_non_null(strstr(st.detail, "nothing_such"));
    db_tx_end(&tx);
    assert_ok(db_read_begin(&tx, db));
    AUTO(db_rows_end) struct db_rows rows = {0};
    st = db_query(&tx, "SELECT 1 FORM dual", DB_NO_ARGS, &rows);
    assert_int_equal(st.code, CODE_INTERNAL);
    assert_non_null(strstr(st.detail, "near 'dual'"));
    db_tx_end(&tx);
    db_close(db);
}

static void a_transaction_that_lived_too_long_cannot_commit(struct loop *loop)
{
    struct db *db = kit_db(loop, 2);
    make_account(db);
    db_set_tx_life_us(db, 3 * CLOCK_US_PER_S);
    AUTO(db_tx_end) struct db_tx tx = {0};
    assert_ok(db_tx_begin(&tx, db));
    assert_ok(add(&tx, 1, 1));
    assert_ok(task_sleep_us(2600 * CLOCK_US_PER_MS)); /* the last sixth is for COMMIT */
    const struct status st = db_tx_commit(&tx);
    assert_int_equal(st.code, CODE_DEADLINE_EXCEEDED);
    db_set_tx_life_us(db, DB_TX_LIFE_MAX_S * CLOCK_US_PER_S);
    assert_int_equal(balance(db, 1), 100);

    assert_ok(db_tx_begin(&tx, db)); /* and the row is free again */
    assert_ok(add(&tx, 1, 1));
    assert_ok(db_tx_commit(&tx));
    assert_int_equal(balance(db, 1), 101);
    db_close(db);
}

static void no_statement_outlasts_the_life_of_its_transaction(struct loop *loop)
{
    struct db *db = kit_db(loop, 1);
    assert_ok(db_ping(db)); /* to connect is none of its life */
    db_set_tx_life_us(db, 2 * CLOCK_US_PER_S);
    AUTO(db_tx_end) struct db_tx tx = {0};
    AUTO(db_rows_end) struct db_rows rows = {0};
    const int64_t since_us = clock_mono_us();

    assert_ok(db_tx_begin(&tx, db));
    assert_reason(db_query(&tx, "SELECT SLEEP(20)", DB_NO_ARGS, &rows), "DEADLINE_EXCEEDED");
    assert_true(clock_mono_us() - since_us < 20 * CLOCK_US_PER_S);
    db_tx_end(&tx);
    db_close(db);
}

static void commits_cancelled(void *arg)
{
    struct db *db = arg;
    AUTO(db_tx_end) struct db_tx tx = {0};

    assert_ok(db_tx_begin(&tx, db));
    assert_ok(add(&tx, 1, 1));
    task_cancel(task_self());
    assert_reason(task_check(), "CANCELLED");
    assert_ok(db_tx_commit(&tx));
}

static void a_cancelled_task_still_commits(struct loop *loop)
{
    struct db *db = kit_db(loop, 1);
    make_account(db);
    struct task *task = task_spawn("commits", commits_cancelled, db);
    assert_ok(task_join(task));
    assert_int_equal(balance(db, 1), 101);
    db_close(db);
}

/* Rules that the compiler does not know. */

static struct db_tx tx_for_bug;

static void writes_in_a_read(void)
{
    status_ignore(db_exec(&tx_for_bug, "DELETE FROM account", DB_NO_ARGS, NULL), "a bug");
}

static void locks_in_a_read(void)
{
    struct db_rows rows = {0};
    status_ignore(db_query(&tx_for_bug, "SELECT id FROM account FOR UPDATE", DB_NO_ARGS, &rows),
                  "a bug");
}

static void queries_with_a_value_missing(void)
{
    struct db_rows rows = {0};
    status_ignore(db_query(&tx_for_bug, "SELECT ? + ?", DB_ARGS(DB_I64(1)), &rows), "a bug");
}

static char sql_in_a_buffer[] = "SELECT 1 + 1";

static void queries_from_a_buffer(void)
{
    struct db_rows rows = {0};
    sql_in_a_buffer[7] = '2';
    status_ignore(db_query(&tx_for_bug, sql_in_a_buffer, DB_NO_ARGS, &rows), "a bug");
}

static void goes_on_after_an_error(void)
{
    status_ignore(db_exec(&tx_for_bug, "DELETE FROM account", DB_NO_ARGS, NULL), "a bug");
}

static void commits_after_an_error(void)
{
    status_ignore(db_tx_commit(&tx_for_bug), "a bug");
}

static void breaking_the_rules_is_a_bug(struct loop *loop)
{
    struct db *db = kit_db(loop, 1);
    make_account(db);
    assert_ok(db_read_begin(&tx_for_bug, db));
    kit_i64(&tx_for_bug, sql_in_a_buffer, DB_NO_ARGS);
    assert_true(unit_aborts(writes_in_a_read));
    assert_true(unit_aborts(locks_in_a_read));
    assert_true(unit_aborts(queries_from_a_buffer));
    db_tx_end(&tx_for_bug);

    assert_ok(db_tx_begin(&tx_for_bug, db));
    kit_i64(&tx_for_bug, "SELECT ? + ?", DB_ARGS(DB_I64(1), DB_I64(2)));
    assert_true(unit_aborts(queries_with_a_value_missing));
    assert_reason(db_exec(&tx_for_bug, "DELETE FROM no_such", DB_NO_ARGS, NULL), "INTERNAL");
    assert_true(unit_aborts(goes_on_after_an_error));
    assert_true(unit_aborts(commits_after_an_error));
    db_tx_end(&tx_for_bug);
    db_close(db);
}

SERVER_TESTS(a_commit_is_seen_and_an_end_without_one_is_not,
             a_rollback_frees_its_locks_and_keeps_the_connection, the_session_is_as_the_sql_expects,
             a_duplicate_key_is_told_and_the_transaction_goes_on,
             an_unsigned_column_does_not_go_below_zero, affected_counts_what_matched_and_changed,
             of_two_in_a_deadlock_one_is_told_contention, a_lock_that_does_not_come_is_contention,
             wrong_sql_is_our_fault_and_says_where, a_transaction_that_lived_too_long_cannot_commit,
             no_statement_outlasts_the_life_of_its_transaction, a_cancelled_task_still_commits,
             breaking_the_rules_is_a_bug)
