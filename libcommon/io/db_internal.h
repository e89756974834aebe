#pragma once

/*
 * db_internal: what the files of db tell each other; migrate and db's own tests may look too.
 *
 * A connection is in one hand at a time: idle in the pool, lent to a transaction, or with a task of
 * the pool that connects or cleans it (its keeper). Whoever holds it ends with db_give_back.
 */

#include <mariadb/mysql.h>

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/backoff.h"
#include "base/status.h"
#include "io/db.h"
#include "run/sync.h"

struct loop;
struct metric;
struct metric_family;
struct task;
struct db_statement;
struct db_waiter;

enum {
    /*
     * The end of a transaction's life, kept for COMMIT: no statement begins in it, and the server
     * drops a transaction that idles as long (db_tx.c says why).
     */
    DB_TX_MARGIN_S = 5,

    DB_CONNECT_LIMIT_US = 5 * 1000 * 1000,
    DB_CLEAN_LIMIT_US = 5 * 1000 * 1000, /* to roll back, or to KILL */

    DB_STATEMENT_BUCKETS = 256,
};

/* Errors, db_error.c. */

/* What an error number of the server or the library means. */
struct db_error {
    unsigned number;
    enum code code;
    const char *reason;
    bool ends_connection; /* nothing more can come from it, even where the socket is still open */
};

/* `message` decides where the number alone does not (TiDB's 1105). Never NULL. */
const struct db_error *db_error_find(unsigned number, const char *message);

/* Only the statement was rolled back; the transaction may go on. */
MUST_USE bool db_error_leaves_transaction(const struct status *st);

/* Templates, db_set.c. */

enum { DB_PARTS_MAX = 17 };

/* A run of `?`: `count` plain arguments, or a group with `count` of them for each row. */
struct db_part {
    bool is_group;
    size_t count;
};

/* A statement over a set, written out for a number of rows. */
struct db_template {
    char *text;
    struct db_part parts[DB_PARTS_MAX];
    size_t part_count;
};

/* BUG() for a malformed template. */
void db_template_expand(const char *sql, size_t rows, struct db_template *ret);
void db_template_release(struct db_template *template);

/* Statements, db_statement.c. */

/* One execution. `size` is 0 for a plain statement, or the prepared number of rows of a set. */
struct db_call {
    const char *sql;
    struct db_args args;
    const struct db_set *sets;
    size_t set_count;
    size_t size;
};

/* Prepared statements of one connection: a hash by (literal, size), and an order of use. */
struct db_statements {
    struct db_statement *buckets[DB_STATEMENT_BUCKETS];
    struct db_statement *newest;
    struct db_statement *oldest;
    size_t count;
    struct metric *metric; /* how many there are on all connections */
};

/* A statement that gives rows, exactly where `ret_result` is given; else BUG(). */
MUST_USE SUSPENDS struct status db_statement_run(struct db_connection *c,
                                                 const struct db_call *call,
                                                 struct db_result **ret_result,
                                                 uint64_t *ret_affected);
/* Forgets all; tells the server where the connection lives. */
void db_statements_release(struct db_statements *statements);

/* Results, db_rows.c. */

/* Fetches what `stmt` has just answered. 0, or the error is in `stmt`. */
MUST_USE SUSPENDS int db_result_read(MYSQL_STMT *stmt, struct db_result **ret);
void db_result_free(struct db_result *result); /* NULL is fine */
size_t db_result_count(const struct db_result *result);

/* Connections, db_connection.c. */

struct db_connection {
    struct db *db;
    struct db_connection *next, **link; /* idle, or with a keeper */
    struct task *keeper;

    MYSQL *mysql; /* NULL: not connected */
    int fd;
    bool tls;
    bool closing;
    struct event event;
    bool watched;
    short ready;  /* events since the task began to wait */
    short wanted; /* events that it waits for */
    struct task *waiter;

    unsigned long thread_id; /* how the server calls it */
    unsigned local_port;

    bool idle;
    int64_t idle_since_us;
    bool is_fresh;             /* not used yet, and never idle */
    bool broken;               /* never to be used again */
    struct status interrupted; /* not OK: we gave up in the middle of a call */
    unsigned error;            /* number of the last one */

    bool in_transaction; /* the server has a transaction open, or may have */
    bool failed;         /* the transaction can only end */
    bool is_session;     /* set up differently; not for the pool again */
    int64_t begun_boot_us;
    int64_t statements_until_us; /* monotonic */

    struct db_statements statements;
};

MUST_USE struct db_connection *db_connection_new(struct db *db);
void db_connection_free(struct db_connection *c); /* closes it */
void db_connection_close(struct db_connection *c);

/* For opening: libmariadb's wait (MARIADB_OPT_IO_WAIT), and the events behind it. */
SUSPENDS int db_io_wait(my_socket fd, my_bool for_read, int timeout);
void db_connection_watch(struct db_connection *c);
bool db_connection_is_watched(int fd);

/* What cannot be prepared: BEGIN, COMMIT, ROLLBACK, SET, KILL, DDL. */
MUST_USE SUSPENDS struct status db_connection_text(struct db_connection *c, const char *sql);
MUST_USE SUSPENDS struct status db_connection_ping(struct db_connection *c);

/* Before each call: UNAVAILABLE when it is known to be broken, and what task_check says. */
MUST_USE struct status db_connection_check(const struct db_connection *c);

/*
 * To be called whenever the library reports a failure: looks after the connection and says what
 * the failure means.
 */
MUST_USE struct status db_connection_failure(struct db_connection *c, const char *sql,
                                             unsigned number, const char *message,
                                             const char *sqlstate);

/* Opening, db_connect.c. */

/* Once for the process; may be asked for again. */
MUST_USE struct status db_connect_start(void);

/* Connects and sets the session up. UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED. */
MUST_USE SUSPENDS struct status db_connection_open(struct db_connection *c);

/* For long work: the server no longer limits statements, but how long DDL waits for a table. */
MUST_USE SUSPENDS struct status db_connection_release_brakes(struct db_connection *c,
                                                             int lock_wait_s);

/* The pool, db_pool.c. */

enum db_outcome {
    DB_COMMITTED,
    DB_ROLLED_BACK,
    DB_REFUSED, /* the server would not commit */
    DB_EXPIRED, /* it was too old to be committed */
    DB_UNKNOWN, /* COMMIT was not answered */
    DB_OUTCOME_COUNT,
};

enum db_connect { DB_CONNECTED, DB_CONNECT_FAILED, DB_CONNECT_COUNT };

enum db_kill {
    DB_KILLED,
    DB_GONE,        /* it had ended by itself */
    DB_KILL_FAILED, /* the server may work on for it */
    DB_KILL_COUNT,
};

struct db_metrics {
    struct metric *open;
    struct metric *used;
    struct metric *idle;
    struct metric *waiting;
    struct metric *acquire_seconds;
    struct metric *statements;
    struct metric *connects[DB_CONNECT_COUNT];
    struct metric *kills[DB_KILL_COUNT];
    struct metric_family *errors;
    struct metric *transactions[DB_OUTCOME_COUNT];
};

/* db_metrics.c. */
MUST_USE struct db_metrics db_metrics_new(void);

struct db {
    struct loop *loop;
    char *host;
    char *database;
    char *user;
    char *password;
    char *ca_file; /* NULL: without TLS */
    uint16_t port;
    size_t connections_max;
    size_t waiting_max;
    int64_t tx_life_us;
    int64_t idle_life_us;

    struct db_connection *idle; /* the warmest first */
    int64_t look_at_idle_us;    /* not before, for what grew old there */
    struct db_connection *kept;
    size_t open; /* all there are: idle, lent, kept */
    size_t connecting;
    struct db_waiter *first_waiter, *last_waiter;
    size_t waiting;

    struct backoff backoff;
    bool failing; /* the last try to connect was in vain */
    int64_t retry_at_us;
    struct status failure;
    int64_t answered_at_us; /* the server's last answer to anybody */

    struct semaphore control_turn;
    struct db_connection *control; /* for KILL; while somebody needs it */

    struct task *closer;
    bool closing;

    MYSQL_BIND *binds; /* filled and used between two waits */
    MYSQL_TIME *times;
    size_t bind_room;

    struct db_metrics metrics;
};

/* Waits in line where none is idle. */
MUST_USE SUSPENDS struct status db_acquire(struct db *db, struct db_connection **ret);
/*
 * Ends the holder's use, whatever happened: back to the pool, to a cleaning task, or closed. Never
 * suspends.
 */
void db_give_back(struct db_connection *c);

/* For the cleaning task: to the next in line or idle; closed and its place free. */
void db_release(struct db_connection *c);
void db_discard(struct db_connection *c);
/* The running task keeps `c` until db_keep_end; db_close cancels it. */
void db_keep_begin(struct db_connection *c);
void db_keep_end(struct db_connection *c);
/* A try to connect failed, or did not. */
void db_connect_failed(struct db *db, const struct status *st);
void db_connect_succeeded(struct db *db);

/* Cleaning, db_janitor.c. */

/*
 * Takes a connection that cannot go back as it is: rolls back in the background, or makes the
 * server drop what it still does for it.
 */
void db_clean(struct db_connection *c);

/* Transactions, db_tx.c. */

/* What db_exec and db_query come down to. */
MUST_USE SUSPENDS struct status db_run_exec(struct db_tx *tx, const struct db_call *call,
                                            uint64_t *ret_affected);
MUST_USE SUSPENDS struct status db_run_query(struct db_tx *tx, const struct db_call *call,
                                             struct db_rows *ret);

/* For tests: less than DB_TX_LIFE_MAX_S. */
void db_set_tx_life_us(struct db *db, int64_t us);
/* For tests: less than DB_IDLE_MAX_S. */
void db_set_idle_life_us(struct db *db, int64_t us);

/*
 * A connection alone for migrate: no BEGIN, no limit of life, any session state. It is closed by
 * db_tx_end, which frees its named locks too.
 */
MUST_USE SUSPENDS struct status db_session_begin(struct db_tx *tx, struct db *db);
MUST_USE SUSPENDS struct status db_session_text(struct db_tx *tx, const char *sql);
