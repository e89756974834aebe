#include <errno.h>
#include <event2/event.h>
#include <mariadb/errmsg.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/mem.h"
#include "io/db_internal.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "run/loop.h"
#include "run/task.h"

/*
 * The library's blocking calls, parked. Where a call would block, libmariadb asks the hook of
 * MARIADB_OPT_IO_WAIT to wait for the socket; ours suspends the task.
 */

/* The hook is told a descriptor and nothing else. */
static struct {
    struct db_connection **of_fd;
    size_t room;
} watched;

static void watched_set(int fd, struct db_connection *c)
{
    const size_t at = (size_t)fd;

    if (at >= watched.room) {
        const size_t room = at * 2 + 64;
        watched.of_fd = mem_realloc(watched.of_fd, room * sizeof *watched.of_fd);
        memset(watched.of_fd + watched.room, 0, (room - watched.room) * sizeof *watched.of_fd);
        watched.room = room;
    }
    watched.of_fd[at] = c;
}

static struct db_connection *watched_find(int fd)
{
    return (size_t)fd < watched.room ? watched.of_fd[fd] : NULL;
}

bool db_connection_is_watched(int fd)
{
    return watched_find(fd);
}

/* Nobody asked for anything, so it is the end, or an answer out of step. TLS has its own talk. */
static bool has_unasked_input(const struct db_connection *c)
{
    char byte;
    const ssize_t got = recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

    if (got < 0)
        return errno != EAGAIN && errno != EINTR;
    return got == 0 || !c->tls;
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
    struct db_connection *c = arg;
    (void)fd;

    c->ready |= what;
    if (c->waiter) {
        if (c->ready & c->wanted)
            task_wake(c->waiter);
        return;
    }
    if (!(what & EV_READ) || c->broken || !has_unasked_input(c))
        return;
    c->broken = true;
    if (c->idle)
        db_discard(c);
}

void db_connection_watch(struct db_connection *c)
{
    watched_set(c->fd, c);
    event_assign(&c->event, loop_base(c->db->loop), c->fd, EV_READ | EV_WRITE | EV_PERSIST | EV_ET,
                 on_event, c);
    event_add(&c->event, NULL);
    c->watched = true;
}

static void unwatch(struct db_connection *c)
{
    if (!c->watched)
        return;
    event_del(&c->event);
    watched.of_fd[c->fd] = NULL;
    c->watched = false;
}

/*
 * The library has just seen EAGAIN and no event was handled since, so an edge is still to come and
 * what `ready` says is old. Under TLS it may name the wrong direction.
 */
static struct status wait_watched(struct db_connection *c, short events)
{
    struct status st = STATUS_OK;

    c->ready = 0;
    c->wanted = c->tls ? EV_READ | EV_WRITE : events;
    c->waiter = task_self();
    while (!(c->ready & c->wanted) && status_ok(&st))
        st = task_park("the database");
    c->waiter = NULL;
    if (c->ready & c->wanted) /* it came in the same turn: better late than unknown */
        return STATUS_OK;
    c->interrupted = st;
    return st;
}

/* In the middle of mysql_real_connect. */
static struct status wait_connecting(int fd, short events)
{
    short got;

    return task_wait_fd(fd, events, &got);
}

/* The library's time-out is of no use: under TLS its unit is wrong. The task's deadline rules. */
int db_io_wait(my_socket fd, my_bool for_read, int timeout)
{
    const short events = for_read ? EV_READ : EV_WRITE;
    struct db_connection *c = watched_find(fd);
    (void)timeout;

    if (c && c->closing) { /* whatever it wants to say, nobody waits for it */
        errno = ECANCELED;
        return -1;
    }
    const struct status st = c ? wait_watched(c, events) : wait_connecting(fd, events);
    if (status_ok(&st))
        return 1;
    errno = st.code == CODE_DEADLINE_EXCEEDED ? ETIMEDOUT : ECANCELED;
    return st.code == CODE_DEADLINE_EXCEEDED ? 0 : -1;
}

struct db_connection *db_connection_new(struct db *db)
{
    struct db_connection *c = mem_new(struct db_connection);
    c->db = db;
    c->fd = -1;
    c->statements.metric = db->metrics.statements;
    return c;
}

void db_connection_free(struct db_connection *c)
{
    db_connection_close(c);
    mem_free(c);
}

/*
 * Does not wait, in whatever state it is: COM_QUIT goes out if the socket takes it, and the server
 * rolls back what it has open.
 */
void db_connection_close(struct db_connection *c)
{
    if (!c->mysql)
        return;
    c->closing = true;
    if (c->watched)
        event_del(&c->event); /* while the descriptor is still ours */
    mysql_close(c->mysql);
    if (c->watched)
        watched.of_fd[c->fd] = NULL;
    db_statements_release(&c->statements);
    c->mysql = NULL;
    c->fd = -1;
    c->watched = false;
    c->closing = false;
}

/*
 * Messages of SQLSTATE class 42 (syntax, names, rights) and of the library speak of the statement.
 * Others may quote values, which are nobody's business.
 */
static bool is_free_of_values(unsigned number, const char *sqlstate)
{
    return (number >= CR_MIN_ERROR && number <= CR_MAX_ERROR) || strncmp(sqlstate, "42", 2) == 0;
}

struct status db_connection_failure(struct db_connection *c, const char *sql, unsigned number,
                                    const char *message, const char *sqlstate)
{
    const struct db_error *error = db_error_find(number, message);
    const char *place = strstr(message, "near '"); /* the rest does not fit */
    struct status st;

    if (mysql_get_socket(c->mysql) != c->fd) {
        unwatch(c); /* the library has closed it; the number may be another's in a moment */
        c->broken = true;
    }
    if (error->ends_connection)
        c->broken = true;
    c->error = number;

    if (!status_ok(&c->interrupted))
        st = c->interrupted;
    else if (is_free_of_values(number, sqlstate))
        st = status_error(error->code, error->reason, "%u: %s", number, place ? place : message);
    else
        st = status_error(error->code, error->reason, "%u from %s", number, sql);
    metric_add(metric_series(c->db->metrics.errors, code_name(st.code)), 1);
    log_debug("database call failed", LOG_I64("error", number), LOG_STR("sql", sql),
              LOG_STATUS(st));
    return st;
}

static struct status mysql_failure(struct db_connection *c, const char *sql)
{
    return db_connection_failure(c, sql, mysql_errno(c->mysql), mysql_error(c->mysql),
                                 mysql_sqlstate(c->mysql));
}

struct status db_connection_check(const struct db_connection *c)
{
    TRY(task_check()); /* giving up in the middle of a call costs the connection */
    if (c->broken)
        return status_error(CODE_UNAVAILABLE, "DEPENDENCY_UNAVAILABLE",
                            "the connection to the database broke");
    return STATUS_OK;
}

static struct status answered(struct db_connection *c)
{
    c->db->answered_at_us = clock_mono_us();
    return STATUS_OK;
}

struct status db_connection_text(struct db_connection *c, const char *sql)
{
    TRY(db_connection_check(c));
    if (mysql_real_query(c->mysql, sql, strlen(sql)) != 0)
        return mysql_failure(c, sql);
    if (mysql_field_count(c->mysql)) { /* of OPTIMIZE TABLE and its like */
        MYSQL_RES *rows = mysql_store_result(c->mysql);
        if (!rows)
            return mysql_failure(c, sql);
        mysql_free_result(rows);
    }
    return answered(c);
}

struct status db_connection_ping(struct db_connection *c)
{
    TRY(db_connection_check(c));
    if (mysql_ping(c->mysql) != 0)
        return mysql_failure(c, "ping");
    return answered(c);
}
