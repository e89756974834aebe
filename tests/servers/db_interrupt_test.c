#include "tests/servers/db_proxy.h"

/* Giving up in the middle of a call: what becomes of the connection, here and on the server. */

static void make_account(struct db *db, int accounts)
{
    kit_table(db, "account", "id INT PRIMARY KEY, balance BIGINT UNSIGNED NOT NULL");
    for (int i = 0; i < accounts; i++)
        kit_write(db, "INSERT INTO account VALUES (?, 1000)", DB_ARGS(DB_I64(i)));
}

static struct status sleep_query(struct db_tx *tx, const char *sql)
{
    AUTO(db_rows_end) struct db_rows rows = {0};
    return db_query(tx, sql, DB_NO_ARGS, &rows);
}

struct sleeper {
    struct db *db;
    struct status st;
};

static void sleeps_in_a_query(void *arg)
{
    struct sleeper *s = arg;
    AUTO(db_tx_end) struct db_tx tx = {0};

    assert_ok(db_tx_begin(&tx, s->db));
    assert_ok(db_exec(&tx, "UPDATE account SET balance = 0 WHERE id = 0", DB_NO_ARGS, NULL));
    s->st = sleep_query(&tx, "SELECT SLEEP(61)");
}

static void a_query_that_is_cancelled_ends_here_and_on_the_server(struct loop *loop)
{
    struct db *db = kit_db(loop, 2);
    const double killed = metric_value(db->metrics.kills[DB_KILLED]);
    make_account(db, 1);
    struct sleeper s = {.db = db};
    struct task *task = task_spawn("sleeper", sleeps_in_a_query, &s);
    server_test_wait(60000, kit_running("SELECT SLEEP(61)") == 1);
    const int64_t since_us = clock_mono_us();
    task_cancel(task);
    assert_ok(task_join(task));
    assert_true(clock_mono_us() - since_us < 61 * CLOCK_US_PER_S);
    assert_int_equal(s.st.code, CODE_CANCELLED);
    server_test_wait(60000, kit_running("SELECT SLEEP(61)") == 0);
    server_test_wait(60000, metric_value(db->metrics.kills[DB_KILLED]) - killed == 1);

    kit_write(db, "UPDATE account SET balance = balance + 1 WHERE id = 0", DB_NO_ARGS);
    assert_int_equal(kit_read_i64(db, "SELECT balance FROM account", DB_NO_ARGS), 1001);
    db_close(db);
}

/* Gets the lock of 1 and waits for that of 0. */
static void wants_two_accounts(void *arg)
{
    struct sleeper *s = arg;
    AUTO(db_tx_end) struct db_tx tx = {0};

    assert_ok(db_tx_begin(&tx, s->db));
    assert_ok(db_session_text(&tx, "SET innodb_lock_wait_timeout = 100"));
    assert_ok(db_exec(&tx, "UPDATE account SET balance = 11 WHERE id = 1", DB_NO_ARGS, NULL));
    s->st = db_exec(&tx, "UPDATE account SET balance = 10 WHERE id = 0", DB_NO_ARGS, NULL);
}

/*
 * Not told, the server would wait on for the lock and keep the other one; whoever wants that waits
 * for 3 s and fails.
 */
static void who_gives_up_waiting_for_a_lock_lets_go_of_those_it_has(struct loop *loop)
{
    static const char waits[] = "UPDATE account SET balance = 10";
    struct db *db = kit_db(loop, 3);
    make_account(db, 2);
    AUTO(db_tx_end) struct db_tx holder = {0};
    assert_ok(db_tx_begin(&holder, db));
    assert_ok(db_exec(&holder, "UPDATE account SET balance = 5 WHERE id = 0", DB_NO_ARGS, NULL));
    struct sleeper s = {.db = db};
    struct task *task = task_spawn("wants two", wants_two_accounts, &s);
    server_test_wait(60000, kit_running(waits) == 1);
    task_stop(task);
    assert_int_equal(s.st.code, CODE_CANCELLED);

    kit_write(db, "UPDATE account SET balance = 7 WHERE id = 1", DB_NO_ARGS);
    assert_ok(db_tx_commit(&holder));
    assert_int_equal(kit_read_i64(db, "SELECT SUM(balance) FROM account", DB_NO_ARGS), 5 + 7);
    db_close(db);
}

static void gives_up(struct db *db)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    assert_ok(db_read_begin(&tx, db));
    AUTO(task_deadline_end)
    struct task_deadline limit = task_deadline_in_us(CLOCK_US_PER_S);
    assert_reason(sleep_query(&tx, "SELECT SLEEP(2.66)"), "DEADLINE_EXCEEDED");
}

static void a_kill_that_hangs_holds_up_neither_others_nor_close(struct loop *loop)
{
    struct db_proxy proxy = {.silent = 3};
    struct db *db = db_proxy_start(&proxy, loop, 2);
    {
        AUTO(db_tx_end) struct db_tx other = {0};
        assert_ok(db_tx_begin(&other, db));
        gives_up(db);
        server_test_wait(60000, proxy.count == 3);
        assert_int_equal(kit_i64(&other, "SELECT 5", DB_NO_ARGS), 5);
        assert_int_equal(db->open, 2);
    }
    db_proxy_stop(&proxy, db);
    assert_int_equal(task_count(), 1);
    server_test_wait(60000, kit_running("SELECT SLEEP(2.66)") == 0);
}

static void what_cannot_be_killed_keeps_its_place_for_a_while_only(struct loop *loop)
{
    struct db_proxy proxy = {.silent = 2};
    struct db *db = db_proxy_start(&proxy, loop, 1);
    const double failed = metric_value(db->metrics.kills[DB_KILL_FAILED]);

    gives_up(db);
    assert_int_equal(kit_read_i64(db, "SELECT 5", DB_NO_ARGS), 5); /* after DB_CLEAN_LIMIT_US */
    assert_int_equal(proxy.count, 3);
    assert_int_equal(metric_value(db->metrics.kills[DB_KILL_FAILED]) - failed, 1);
    db_proxy_stop(&proxy, db);
    server_test_wait(60000, kit_running("SELECT SLEEP(2.66)") == 0);
}

static void a_query_ends_at_the_tasks_deadline(struct loop *loop)
{
    struct db *db = kit_db(loop, 1);
    AUTO(db_tx_end) struct db_tx tx = {0};
    const int64_t since_us = clock_mono_us();
    assert_ok(db_read_begin(&tx, db));
    {
        AUTO(task_deadline_end)
        struct task_deadline limit = task_deadline_in_us(CLOCK_US_PER_S);
        assert_reason(sleep_query(&tx, "SELECT SLEEP(62)"), "DEADLINE_EXCEEDED");
    }
    assert_true(clock_mono_us() - since_us < 62 * CLOCK_US_PER_S);
    assert_reason(sleep_query(&tx, "SELECT 1"), "DEPENDENCY_UNAVAILABLE");
    db_tx_end(&tx);
    assert_int_equal(kit_read_i64(db, "SELECT 5", DB_NO_ARGS), 5);
    server_test_wait(60000, kit_running("SELECT SLEEP(62)") == 0);
    db_close(db);
}

static void sleeps_on(void *tx)
{
    assert_reason(sleep_query(tx, "SELECT SLEEP(65)"), "CANCELLED");
}

static void a_descriptor_that_the_library_closed_is_free_for_others(struct loop *loop)
{
    struct db *db = kit_db(loop, 2);
    AUTO(db_tx_end) struct db_tx lost = {0}, next = {0};
    assert_ok(db_tx_begin(&lost, db));
    const int fd = lost.connection->fd;
    struct task *task = task_spawn("sleeps on", sleeps_on, &lost);
    server_test_wait(60000, kit_running("SELECT SLEEP(65)") == 1);
    task_stop(task);
    assert_ok(db_tx_begin(&next, db));
    assert_int_equal(next.connection->fd, fd);
    db_tx_end(&lost);
    for (int i = 0; i < 3; i++)
        assert_ok(sleep_query(&next, "SELECT SLEEP(0.01)"));
    db_tx_end(&next);
    db_close(db);
}

static void a_deadline_that_is_over_costs_no_connection(struct loop *loop)
{
    struct db *db = kit_db(loop, 1);
    const int64_t id = kit_read_i64(db, "SELECT CONNECTION_ID()", DB_NO_ARGS);
    {
        AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(0);
        struct db_tx tx = {0};
        assert_reason(db_tx_begin(&tx, db), "DEADLINE_EXCEEDED");
        assert_null(tx.connection);
    }
    assert_int_equal(kit_read_i64(db, "SELECT CONNECTION_ID()", DB_NO_ARGS), id);
    db_close(db);
}

static void many_that_give_up_never_make_the_server_see_more_than_the_pool(struct loop *loop)
{
    enum { CONNECTIONS = 4 };
    struct db *db = kit_db(loop, CONNECTIONS);
    MYSQL *looker = kit_blocking();

    for (int i = 0; i < 40; i++) {
        AUTO(task_deadline_end)
        struct task_deadline limit = task_deadline_in_us(i % 5 * CLOCK_US_PER_MS + 500);
        AUTO(db_tx_end) struct db_tx tx = {0};
        const struct status st = db_tx_begin(&tx, db);
        if (status_ok(&st))
            status_ignore(sleep_query(&tx, "SELECT SLEEP(63)"), "it does not come back in time");
        assert_in_range(kit_blocking_i64(looker, "SELECT COUNT(*) FROM"
                                                 " information_schema.PROCESSLIST"),
                        0, CONNECTIONS + 2); /* one to KILL with, and ours */
        assert_true(db->open <= CONNECTIONS);
    }
    mysql_close(looker);
    assert_int_equal(kit_read_i64(db, "SELECT 5", DB_NO_ARGS), 5);
    server_test_wait(60000, kit_running("SELECT SLEEP(63)") == 0);
    db_close(db);
}

static void closing_waits_for_what_still_cleans_up(struct loop *loop)
{
    struct db *db = kit_db(loop, 3);
    make_account(db, 1);
    AUTO(db_tx_end) struct db_tx a = {0}, b = {0};
    assert_ok(db_tx_begin(&a, db));
    assert_ok(db_tx_begin(&b, db));
    {
        AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(2000);
        assert_reason(sleep_query(&a, "SELECT SLEEP(64)"), "DEADLINE_EXCEEDED");
    }
    db_tx_end(&a);
    db_tx_end(&b);
    db_close(db);
    assert_int_equal(task_count(), 1);
}

SERVER_TESTS(a_query_that_is_cancelled_ends_here_and_on_the_server,
             who_gives_up_waiting_for_a_lock_lets_go_of_those_it_has,
             a_kill_that_hangs_holds_up_neither_others_nor_close,
             what_cannot_be_killed_keeps_its_place_for_a_while_only,
             a_query_ends_at_the_tasks_deadline,
             a_descriptor_that_the_library_closed_is_free_for_others,
             a_deadline_that_is_over_costs_no_connection,
             many_that_give_up_never_make_the_server_see_more_than_the_pool,
             closing_waits_for_what_still_cleans_up)
