#include <arpa/inet.h>
#include <sys/socket.h>

#include "run/sync.h"
#include "tests/servers/db_kit.h"

/* Connections: who gets one, and what becomes of those that broke or were given up. */

static void make_account(struct db *db, int accounts)
{
    kit_table(db, "account", "id INT PRIMARY KEY, balance BIGINT UNSIGNED NOT NULL");
    for (int i = 0; i < accounts; i++)
        kit_write(db, "INSERT INTO account VALUES (?, 1000)", DB_ARGS(DB_I64(i)));
}

/* Broken by the other side. */

static void an_idle_connection_that_dies_is_noticed(struct loop *loop)
{
    struct db *db = kit_db(loop, 1);
    assert_ok(db_ping(db));
    kit_kill(db->idle);
    server_test_wait(60000, !db->idle && !db->open);
    assert_int_equal(kit_read_i64(db, "SELECT 5", DB_NO_ARGS), 5);
    db_close(db);
}

static void begin_finds_a_dead_connection_and_takes_a_fresh_one(struct loop *loop)
{
    struct db *db = kit_db(loop, 1);
    make_account(db, 1);
    assert_ok(db_ping(db));
    for (int i = 0; i < 3; i++) {
        kit_kill(db->idle); /* the loop had no turn since: the pool cannot know */
        assert_non_null(db->idle);
        kit_write(db, "UPDATE account SET balance = ?", DB_ARGS(DB_I64(i)));
        assert_int_equal(db->open, 1);
    }
    assert_int_equal(kit_read_i64(db, "SELECT balance FROM account", DB_NO_ARGS), 2);
    db_close(db);
}

static void a_transaction_whose_connection_dies_is_unavailable_and_rolled_back(struct loop *loop)
{
    struct db *db = kit_db(loop, 1);
    make_account(db, 1);
    {
        AUTO(db_tx_end) struct db_tx tx = {0};
        assert_ok(db_tx_begin(&tx, db));
        assert_ok(db_exec(&tx, "UPDATE account SET balance = 1", DB_NO_ARGS, NULL));
        kit_kill(tx.connection);
        const struct status st = db_tx_commit(&tx);
        assert_int_equal(st.code, CODE_UNAVAILABLE);
        assert_string_equal(st.reason, "DEPENDENCY_UNAVAILABLE");
    }
    {
        AUTO(db_tx_end) struct db_tx tx = {0};
        assert_ok(db_tx_begin(&tx, db));
        kit_kill(tx.connection);
        assert_reason(db_exec(&tx, "UPDATE account SET balance = 2", DB_NO_ARGS, NULL),
                      "DEPENDENCY_UNAVAILABLE");
    }
    assert_int_equal(kit_read_i64(db, "SELECT balance FROM account", DB_NO_ARGS), 1000);
    db_close(db);
}

static void a_server_that_is_not_there_is_told_at_once(struct loop *loop)
{
    const struct db_config config = {
        .host = "127.0.0.1",
        .port = 1,
        .database = "none",
        .user = "nobody",
        .password = "nothing",
        .connections_max = 4,
        .waiting_max = 4,
    };
    struct db *db;
    assert_ok(db_open(loop, &config, &db));
    for (int i = 0; i < 100; i++) {
        struct db_tx tx = {0};
        assert_reason(db_tx_begin(&tx, db), "DEPENDENCY_UNAVAILABLE");
        assert_int_equal(db->open, 0);
    }
    assert_int_equal(db->backoff.present_us, db->backoff.first_us); /* one attempt for them all */
    db_close(db);
}

/* Accepts and says nothing. */
static int silent_listener(uint16_t *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

static void a_server_that_says_nothing_holds_up_neither_caller_nor_close(struct loop *loop)
{
    uint16_t port;
    const int fd = silent_listener(&port);
    const struct db_config config = {
        .host = "127.0.0.1",
        .port = port,
        .database = "none",
        .user = "nobody",
        .password = "nothing",
        .connections_max = 2,
        .waiting_max = 4,
    };
    struct db *db;
    const int64_t since_us = clock_mono_us();
    assert_ok(db_open(loop, &config, &db));
    {
        AUTO(task_deadline_end)
        struct task_deadline limit = task_deadline_in_us(30 * CLOCK_US_PER_MS);
        struct db_tx tx = {0};
        assert_reason(db_tx_begin(&tx, db), "DEADLINE_EXCEEDED");
    }
    assert_int_equal(db->connecting, 1); /* for whoever comes next */
    db_close(db);
    assert_true(clock_mono_us() - since_us < DB_CONNECT_LIMIT_US);
    close(fd);
}

static void a_host_must_be_an_address(struct loop *loop)
{
    const struct db_config config = {.host = "localhost", .connections_max = 1};
    struct db *db;
    assert_reason(db_open(loop, &config, &db), "INVALID_FIELD");
}

/* The line. */

struct turn {
    struct db *db;
    int number;
};

static int turns[8];
static int turn_count;

static void takes_a_turn(void *arg)
{
    const struct turn *turn = arg;
    AUTO(db_tx_end) struct db_tx tx = {0};

    assert_ok(db_read_begin(&tx, turn->db));
    turns[turn_count++] = turn->number;
    status_ignore(task_yield(), "lets the others see that there is none");
}

static void the_line_is_served_in_its_order_and_has_an_end(struct loop *loop)
{
    struct db *db = kit_db_with(loop, 1, 3);
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct turn want[] = {{db, 0}, {db, 1}, {db, 2}};
    struct task *tasks[ARRAY_LEN(want)];
    turn_count = 0;
    assert_ok(db_read_begin(&tx, db));
    for (size_t i = 0; i < ARRAY_LEN(want); i++)
        tasks[i] = task_spawn("waits", takes_a_turn, &want[i]);
    assert_ok(task_yield());
    struct db_tx one_too_many = {0};
    const struct status st = db_read_begin(&one_too_many, db);
    assert_int_equal(st.code, CODE_RESOURCE_EXHAUSTED);
    assert_string_equal(st.reason, "OVERLOADED");
    db_tx_end(&tx);
    for (size_t i = 0; i < ARRAY_LEN(want); i++)
        assert_ok(task_join(tasks[i]));
    for (int i = 0; i < (int)ARRAY_LEN(want); i++)
        assert_int_equal(turns[i], i);
    assert_int_equal(db->open, 1);
    db_close(db);
}

static void who_leaves_the_line_is_not_served(struct loop *loop)
{
    struct db *db = kit_db(loop, 1);
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct turn want[] = {{db, 0}, {db, 1}};
    turn_count = 0;
    assert_ok(db_read_begin(&tx, db));
    struct task *first = task_spawn("waits", takes_a_turn, &want[0]);
    {
        AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(2000);
        struct db_tx second = {0};
        assert_reason(db_read_begin(&second, db), "DEADLINE_EXCEEDED");
    }
    struct task *third = task_spawn("waits", takes_a_turn, &want[1]);
    assert_ok(task_yield());
    assert_int_equal(db->waiting, 2);
    db_tx_end(&tx);
    assert_ok(task_join(first));
    assert_ok(task_join(third));
    assert_int_equal(turn_count, 2);
    db_close(db);
}

static void the_pool_says_how_it_is(struct loop *loop)
{
    struct db *db = kit_db(loop, 2);
    const struct db_metrics m = db->metrics;
    const double connects = metric_value(m.connects[DB_CONNECTED]);
    {
        AUTO(db_tx_end) struct db_tx a = {0}, b = {0};
        assert_ok(db_read_begin(&a, db));
        assert_ok(db_read_begin(&b, db));
        assert_int_equal(kit_i64(&a, "SELECT 5", DB_NO_ARGS), 5);
        assert_int_equal(kit_i64(&b, "SELECT 6", DB_NO_ARGS), 6);
        assert_int_equal(metric_value(m.used), 2);
        assert_int_equal(metric_value(m.idle), 0);
        assert_int_equal(metric_value(m.statements), 2);
    }
    assert_int_equal(metric_value(m.used), 0);
    assert_int_equal(metric_value(m.idle), 2);
    assert_int_equal(metric_value(m.open), 2);
    assert_int_equal(metric_value(m.connects[DB_CONNECTED]) - connects, 2);
    db_close(db);
    assert_int_equal(metric_value(m.open), 0);
    assert_int_equal(metric_value(m.statements), 0);
}

/* Growing and shrinking. */

static void reads(void *arg)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    assert_ok(db_read_begin(&tx, arg));
    assert_int_equal(kit_i64(&tx, "SELECT 5", DB_NO_ARGS), 5);
}

static void a_rush_of_short_calls_is_served_by_few_connections(struct loop *loop)
{
    struct db *db = kit_db(loop, 32);
    struct task *tasks[32];
    for (size_t i = 0; i < ARRAY_LEN(tasks); i++)
        tasks[i] = task_spawn("reads", reads, db);
    assert_ok(task_yield());
    assert_int_equal(db->connecting, 2);
    for (size_t i = 0; i < ARRAY_LEN(tasks); i++)
        assert_ok(task_join(tasks[i]));
    db_close(db);
}

static void each_has_a_connection_where_all_are_held(struct loop *loop)
{
    struct db *db = kit_db_with(loop, 6, 0);
    struct db_tx held[6] = {0};
    for (size_t i = 0; i < ARRAY_LEN(held); i++)
        assert_ok(db_read_begin(&held[i], db));
    struct db_tx one_too_many = {0};
    assert_reason(db_read_begin(&one_too_many, db), "OVERLOADED");
    for (size_t i = 0; i < ARRAY_LEN(held); i++)
        db_tx_end(&held[i]);
    db_close(db);
}

static void what_nobody_needs_is_closed(struct loop *loop)
{
    struct db *db = kit_db(loop, 6);
    struct db_tx held[6] = {0};
    for (size_t i = 0; i < ARRAY_LEN(held); i++)
        assert_ok(db_read_begin(&held[i], db));
    for (size_t i = 0; i < ARRAY_LEN(held); i++)
        db_tx_end(&held[i]);
    assert_int_equal(db->open, 6);
    db_set_idle_life_us(db, 10 * CLOCK_US_PER_MS);
    server_test_wait(60000, (reads(db), db->open == 1));
    db_close(db);
}

/* Work in earnest. */

enum { ACCOUNTS = 10, TRANSFERS = 5, MOVERS = 200 };

struct mover {
    struct db *db;
    unsigned seed;
    int retries;
};

static struct status transfer(struct db *db, int from, int to)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_tx_begin(&tx, db));
    TRY(db_exec(&tx, "UPDATE account SET balance = balance - ? WHERE id = ?",
                DB_ARGS(DB_I64(3), DB_I64(from)), NULL));
    TRY(db_exec(&tx, "UPDATE account SET balance = balance + ? WHERE id = ?",
                DB_ARGS(DB_I64(3), DB_I64(to)), NULL));
    return db_tx_commit(&tx);
}

static void moves(void *arg)
{
    struct mover *m = arg;

    for (int done = 0; done < TRANSFERS;) {
        const int from = rand_r(&m->seed) % ACCOUNTS, to = rand_r(&m->seed) % ACCOUNTS;
        const struct status st = transfer(m->db, from, to);
        if (st.code == CODE_ABORTED)
            m->retries++;
        else
            assert_ok(st);
        done += status_ok(&st);
    }
}

static void two_hundred_tasks_on_eight_connections_keep_the_sum(struct loop *loop)
{
    struct db *db = kit_db(loop, 8);
    static struct mover movers[MOVERS];
    static struct task *tasks[MOVERS];
    make_account(db, ACCOUNTS);
    for (int i = 0; i < MOVERS; i++) {
        movers[i] = (struct mover){.db = db, .seed = (unsigned)i};
        tasks[i] = task_spawn("mover", moves, &movers[i]);
    }
    for (int i = 0; i < MOVERS; i++)
        assert_ok(task_join(tasks[i]));
    assert_int_equal(kit_read_i64(db, "SELECT SUM(balance) FROM account", DB_NO_ARGS),
                     ACCOUNTS * 1000);
    assert_int_equal(db->open, 8);
    db_close(db);
}

SERVER_TESTS(an_idle_connection_that_dies_is_noticed,
             begin_finds_a_dead_connection_and_takes_a_fresh_one,
             a_transaction_whose_connection_dies_is_unavailable_and_rolled_back,
             a_server_that_is_not_there_is_told_at_once,
             a_server_that_says_nothing_holds_up_neither_caller_nor_close,
             a_host_must_be_an_address, the_line_is_served_in_its_order_and_has_an_end,
             who_leaves_the_line_is_not_served, the_pool_says_how_it_is,
             a_rush_of_short_calls_is_served_by_few_connections,
             each_has_a_connection_where_all_are_held, what_nobody_needs_is_closed,
             two_hundred_tasks_on_eight_connections_keep_the_sum)
