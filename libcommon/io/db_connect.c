#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/str.h"
#include "io/db_internal.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "run/task.h"

enum {
    PACKET_MAX = 64 * 1024 * 1024,
    /* A peer that vanished without a word is given up after a minute. */
    KEEPALIVE_IDLE_S = 30,
    KEEPALIVE_INTERVAL_S = 10,
    KEEPALIVE_PROBES = 3,
    UNACKNOWLEDGED_MS = 60 * 1000,
};

static void make_non_blocking(int fd)
{
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

/* Exported, but in none of the library's headers: `fn` hears of every read and write. */
int ma_pvio_register_callback(my_bool on, void (*fn)(int is_write, MYSQL *mysql,
                                                     const unsigned char *bytes, size_t size));

/*
 * mysql_real_connect would give the socket to OpenSSL as a blocking one, which blocks the loop. The
 * server's greeting is the last that is read before.
 */
static void on_transfer(int is_write, MYSQL *mysql, const unsigned char *bytes, size_t size)
{
    const int fd = mysql_get_socket(mysql);
    (void)is_write;
    (void)bytes;
    (void)size;

    if (fd >= 0 && !db_connection_is_watched(fd))
        make_non_blocking(fd);
}

struct status db_connect_start(void)
{
    static bool is_started;

    if (is_started)
        return STATUS_OK;
    if (mysql_library_init(0, NULL, NULL) != 0 || ma_pvio_register_callback(1, on_transfer) != 0)
        return status_error(CODE_INTERNAL, "INTERNAL", "libmariadb does not start");
    is_started = true;
    return STATUS_OK;
}

static MYSQL *new_mysql(void)
{
    MYSQL *mysql = mysql_init(NULL);
    const my_bool never = 0; /* reconnecting by itself it would commit half a transaction */
    const unsigned off = 0;  /* with LOAD DATA LOCAL the server may ask for any file of ours */
    const unsigned long packet_max = PACKET_MAX;

    if (!mysql)
        BUG("out of memory in mysql_init");
    mysql_options(mysql, MYSQL_OPT_RECONNECT, &never);
    mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &off);
    mysql_options(mysql, MYSQL_OPT_MAX_ALLOWED_PACKET, &packet_max);
    mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    mysql_optionsv(mysql, MARIADB_OPT_IO_WAIT, db_io_wait);
    return mysql;
}

static void ask_for_tls(MYSQL *mysql, const char *ca_file)
{
    const my_bool yes = 1;

    mysql_options(mysql, MYSQL_OPT_SSL_CA, ca_file);
    mysql_options(mysql, MYSQL_OPT_SSL_ENFORCE, &yes);
    mysql_options(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &yes);
}

static void set_option(int fd, int option, int value)
{
    if (setsockopt(fd, IPPROTO_TCP, option, &value, sizeof value) != 0)
        log_warn("socket option refused", LOG_I64("option", option));
}

static unsigned local_port(int fd)
{
    struct sockaddr_in6 address = {0};
    socklen_t size = sizeof address;

    getsockname(fd, (struct sockaddr *)&address, &size);
    return ntohs(address.sin6_port); /* at the same place for IPv4 */
}

static struct status connect_socket(struct db_connection *c)
{
    const struct db *db = c->db;

    c->mysql = new_mysql();
    if (db->ca_file)
        ask_for_tls(c->mysql, db->ca_file);
    c->broken = false;
    c->interrupted = STATUS_OK;
    c->is_fresh = true;
    if (!mysql_real_connect(c->mysql, db->host, db->user, db->password, db->database, db->port,
                            NULL, 0))
        return status_error(CODE_UNAVAILABLE, "DEPENDENCY_UNAVAILABLE", "%u: %s",
                            mysql_errno(c->mysql), mysql_error(c->mysql));

    c->fd = mysql_get_socket(c->mysql);
    c->tls = mysql_get_ssl_cipher(c->mysql);
    c->thread_id = mysql_thread_id(c->mysql);
    c->local_port = local_port(c->fd);
    make_non_blocking(c->fd);
    set_option(c->fd, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
    set_option(c->fd, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
    set_option(c->fd, TCP_KEEPCNT, KEEPALIVE_PROBES);
    set_option(c->fd, TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS);
    db_connection_watch(c);
    return STATUS_OK;
}

/* Where the engine has none, the deadlines of tasks and KILL are all there is. */
static void append_brakes(struct str *sql, const struct db_connection *c, int idle_s,
                          int statement_s)
{
    if (mariadb_connection(c->mysql))
        str_printf(sql, ", idle_transaction_timeout = %d, max_statement_time = %d", idle_s,
                   statement_s);
}

static struct status set_session_up(struct db_connection *c)
{
    AUTO(str_release) struct str sql = {0};

    str_append(&sql,
               mariadb_connection(c->mysql) ? "SET tx_isolation" : "SET transaction_isolation");
    str_append(&sql, " = 'READ-COMMITTED', autocommit = 1, time_zone = '+00:00',"
                     " innodb_lock_wait_timeout = 3, sql_mode = 'ONLY_FULL_GROUP_BY,"
                     "STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,"
                     "ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'");
    append_brakes(&sql, c, DB_TX_MARGIN_S, DB_TX_LIFE_MAX_S - DB_TX_MARGIN_S);
    return db_connection_text(c, str_text(&sql));
}

struct status db_connection_release_brakes(struct db_connection *c, int lock_wait_s)
{
    AUTO(str_release) struct str sql = {0};

    str_printf(&sql, "SET lock_wait_timeout = %d", lock_wait_s);
    append_brakes(&sql, c, 0, 0);
    return db_connection_text(c, str_text(&sql));
}

static struct status open_within_limit(struct db_connection *c)
{
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(DB_CONNECT_LIMIT_US);

    TRY(connect_socket(c));
    return set_session_up(c);
}

struct status db_connection_open(struct db_connection *c)
{
    const struct status st = open_within_limit(c);
    metric_add(c->db->metrics.connects[status_ok(&st) ? DB_CONNECTED : DB_CONNECT_FAILED], 1);
    if (status_ok(&st))
        return st;

    db_connection_close(c);
    TRY(task_check()); /* it was the caller who gave up */
    return status_error(CODE_UNAVAILABLE, "DEPENDENCY_UNAVAILABLE", "%s", st.detail);
}
