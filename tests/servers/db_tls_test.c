#include "tests/servers/db_proxy.h"

/* TLS: what is sent to whom, and by whom it may be read. */

static struct db_config trusting(const char *variable)
{
    struct db_config config = kit_config(2, KIT_WAITING_MAX);

    config.ca_file = server_test_env(variable);
    return config;
}

static struct status ping(struct loop *loop, const struct db_config *config)
{
    struct db *db;

    assert_ok(db_open(loop, config, &db));
    const struct status st = db_ping(db);
    db_close(db);
    return st;
}

static void assert_tls_refused(struct loop *loop, const struct db_config *config)
{
    const struct status st = ping(loop, config);

    assert_reason(st, "DEPENDENCY_UNAVAILABLE");
    assert_non_null(strstr(st.detail, "2026: ")); /* CR_SSL_CONNECTION_ERROR */
}

static void with_a_ca_everything_is_encrypted(struct loop *loop)
{
    static const char cipher[] = "SELECT COUNT(*) FROM information_schema.SESSION_STATUS"
                                 " WHERE VARIABLE_NAME = 'SSL_CIPHER' AND VARIABLE_VALUE <> ''";
    const struct db_config config = trusting("SOUK_TEST_DB_CA");
    struct db *db, *plain = kit_db(loop, 1);

    assert_ok(db_open(loop, &config, &db));
    assert_int_equal(kit_read_i64(db, cipher, DB_NO_ARGS), 1);
    assert_int_equal(kit_read_i64(plain, cipher, DB_NO_ARGS), 0);
    db_close(db);
    db_close(plain);
}

/* As db_test and db_interrupt_test do without it: waits and endings are what TLS makes different. */
static void a_call_is_waited_for_and_given_up(struct loop *loop)
{
    const struct db_config config = trusting("SOUK_TEST_DB_CA");
    struct db *db;
    assert_ok(db_open(loop, &config, &db));
    {
        AUTO(db_rows_end) struct db_rows rows = {0};
        AUTO(db_tx_end) struct db_tx tx = {0};
        assert_ok(db_read_begin(&tx, db));
        AUTO(task_deadline_end)
        struct task_deadline limit = task_deadline_in_us(CLOCK_US_PER_S);
        assert_reason(db_query(&tx, "SELECT SLEEP(67)", DB_NO_ARGS, &rows), "DEADLINE_EXCEEDED");
    }
    server_test_wait(60000, kit_running("SELECT SLEEP(67)") == 0);
    assert_int_equal(kit_read_i64(db, "SELECT LENGTH(REPEAT('x', 3000000))", DB_NO_ARGS), 3000000);
    assert_ok(db_ping(db));
    kit_kill(db->idle);
    server_test_wait(60000, db->open == 0 || !db->idle || db->idle->broken);
    assert_int_equal(kit_read_i64(db, "SELECT 5", DB_NO_ARGS), 5);
    db_close(db);
}

static void a_server_that_another_ca_vouches_for_is_refused(struct loop *loop)
{
    const struct db_config config = trusting("SOUK_TEST_DB_OTHER_CA");

    assert_tls_refused(loop, &config);
}

/* The certificate is for 127.0.0.1. */
static void a_certificate_for_another_host_is_refused(struct loop *loop)
{
    struct db_config config = trusting("SOUK_TEST_DB_CA");

    config.host = "::ffff:127.0.0.1"; /* arrives at the same server */
    assert_tls_refused(loop, &config);
}

/* Protocol 10: ... 0, thread id, 8 bytes, 0, then the capabilities' lower half. */
static void take_tls_out_of_the_greeting(char *bytes, size_t size)
{
    enum { HEADER = 4, CLIENT_SSL_IN_SECOND_BYTE = CLIENT_SSL >> 8 };
    const char *version = bytes + HEADER + 1;

    if (size < HEADER + 2 || bytes[3] != 0 || bytes[HEADER] != 10)
        return;
    char *capabilities = bytes + HEADER + 1 + strlen(version) + 1 + 4 + 8 + 1;
    capabilities[1] &= (char)~CLIENT_SSL_IN_SECOND_BYTE;
}

static void somebody_between_cannot_take_the_encryption_away(struct loop *loop)
{
    struct db_proxy proxy = {.change = take_tls_out_of_the_greeting};
    struct db *plain = db_proxy_start(&proxy, loop, 1);
    struct db_config config = trusting("SOUK_TEST_DB_CA");

    assert_ok(db_ping(plain)); /* the greeting is understood */
    config.port = (uint16_t)proxy.server.port;
    assert_tls_refused(loop, &config);
    db_proxy_stop(&proxy, plain);
}

static void a_ca_file_that_is_not_there_is_told_at_once(struct loop *loop)
{
    struct db_config config = kit_config(1, 1);
    struct db *db;

    config.ca_file = "/nowhere/ca.pem";
    assert_reason(db_open(loop, &config, &db), "INVALID_FIELD");
}

SERVER_TESTS(with_a_ca_everything_is_encrypted, a_call_is_waited_for_and_given_up,
             a_server_that_another_ca_vouches_for_is_refused,
             a_certificate_for_another_host_is_refused,
             somebody_between_cannot_take_the_encryption_away,
             a_ca_file_that_is_not_there_is_told_at_once)
