#pragma once

/*
 * db: MariaDB (or what speaks its protocol) for tasks. A pool of connections, transactions,
 * prepared statements; the calls read as if they blocked, but only the task waits.
 *
 * SQL is a string literal with `?` for each value, prepared once on each connection and found again
 * by its address. Keep to the subset in docs/sql.md. Sessions run READ COMMITTED, in strict mode,
 * at +00:00, utf8mb4.
 *
 * Every wait ends at the task's deadline and when the task is cancelled; a transaction also narrows
 * the deadline to its own life. Giving up in the middle of a call costs the connection: it is never
 * used again, and the server is told to stop. A connection that the server closed is replaced; only
 * BEGIN is sent again by itself.
 *
 * Errors: ABORTED CONTENTION (deadlock, lock wait: run the whole transaction again), ALREADY_EXISTS
 * DUPLICATE_KEY, FAILED_PRECONDITION VALUE_OUT_OF_RANGE (an unsigned column would go below zero),
 * UNAVAILABLE DEPENDENCY_UNAVAILABLE (no connection, or it broke), RESOURCE_EXHAUSTED OVERLOADED
 * (too many wait for a connection), DEADLINE_EXCEEDED, CANCELLED, INTERNAL for statements that are
 * wrong. The detail has the server's error number and the statement, never values.
 *
 * After DUPLICATE_KEY and VALUE_OUT_OF_RANGE the statement did nothing and the transaction goes on.
 * After any other error it can only be ended; a further statement or a commit is a bug.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/status.h"

struct arena;
struct loop;
struct db;
struct db_connection;

struct db_config {
    const char *host; /* an address, not a name */
    uint16_t port;
    const char *database;
    const char *user;
    const char *password;
    /*
     * PEM file of the CA that vouches for the server. With it everything is encrypted and the
     * server's certificate has to name `host`; a server without TLS is refused. NULL: plain.
     */
    const char *ca_file;
    /*
     * Made when needed, two at a time; closed when nobody needed them for DB_IDLE_MAX_S, which is
     * seen when another one comes back. The server may see one more, to KILL with.
     */
    size_t connections_max;
    size_t waiting_max; /* tasks in line for one */
};

enum {
    /*
     * No transaction commits later than this after its BEGIN; the outbox relay relies on it
     * (DESIGN 4). The last sixth is for COMMIT alone. What remains of a risk: db_tx.c.
     */
    DB_TX_LIFE_MAX_S = 30,
    DB_SET_MAX = 500, /* elements in one statement over a set */
    /*
     * Each connection costs us 50 KB and 8 KB for each statement prepared on it, and the server as
     * much again: a rush is not remembered for ever.
     */
    DB_IDLE_MAX_S = 30,
    /*
     * Prepared on one connection, the least used give way. The server's max_prepared_stmt_count
     * wants to be this times all connections of all processes; where it is less, a connection drops
     * its own and prepares anew.
     */
    DB_STATEMENTS_MAX = 256,
};

/* Connects when first used. `config` is copied. INVALID_ARGUMENT: the host is not an address,
 * or the CA's file cannot be read. */
MUST_USE struct status db_open(struct loop *loop, const struct db_config *config, struct db **ret);
/*
 * No transaction may be open. Stops, and waits for, what still rolls back or connects in the
 * background, so it is called from a task. NULL is fine.
 */
SUSPENDS void db_close(struct db *db);

/* The server answers, or has answered somebody within the last second. */
MUST_USE SUSPENDS struct status db_ping(struct db *db);

/* A value for a `?`. Text and bytes must live until the call returns. */
enum db_kind { DB_KIND_NULL, DB_KIND_I64, DB_KIND_U64, DB_KIND_BYTES, DB_KIND_TEXT, DB_KIND_TIME };

struct db_value {
    enum db_kind kind;
    union {
        int64_t i64; /* of a time: microseconds since 1970 UTC */
        uint64_t u64;
        struct {
            const void *at;
            size_t size;
        } bytes;
    } as;
};

#define DB_NULL          ((struct db_value){.kind = DB_KIND_NULL})
#define DB_I64(value)    ((struct db_value){.kind = DB_KIND_I64, .as.i64 = (value)})
#define DB_U64(value)    ((struct db_value){.kind = DB_KIND_U64, .as.u64 = (value)})
#define DB_TEXT(text)    db_text(text) /* NULL becomes NULL */
#define DB_BYTES(at, n)  ((struct db_value){.kind = DB_KIND_BYTES, .as.bytes = {(at), (n)}})
#define DB_TIME(unix_us) ((struct db_value){.kind = DB_KIND_TIME, .as.i64 = (unix_us)})

struct db_value db_text(const char *text);

struct db_args {
    const struct db_value *values;
    size_t count;
};

#define DB_NO_ARGS ((struct db_args){0})
#define DB_ARGS(...)                                                            \
    ((struct db_args){.values = (const struct db_value[]){__VA_ARGS__},         \
                      .count = sizeof((const struct db_value[]){__VA_ARGS__}) / \
                               sizeof(struct db_value)})

/*
 * A transaction on a connection of its own. No RPC, publish or sleep between begin and commit.
 *
 *     AUTO(db_tx_end) struct db_tx tx = {0};
 *     TRY(db_tx_begin(&tx, db));
 *     ...
 *     return db_tx_commit(&tx);
 */
struct db_tx {
    struct db *db;
    struct db_connection *connection;
    bool writes;
};

MUST_USE SUSPENDS struct status db_tx_begin(struct db_tx *tx, struct db *db);
/*
 * For reads alone: each statement sees the newest committed data. Saves two round trips; writing
 * and locking are bugs.
 */
MUST_USE SUSPENDS struct status db_read_begin(struct db_tx *tx, struct db *db);
/*
 * Neither cancellation nor the deadline interrupts it, only the end of the transaction's life. Not
 * OK: nothing was committed, except that after UNAVAILABLE or DEADLINE_EXCEEDED nobody knows.
 */
MUST_USE SUSPENDS struct status db_tx_commit(struct db_tx *tx);
/*
 * Ends it if it was not committed: rolled back, in the background. Never suspends; a zeroed tx is
 * fine.
 */
void db_tx_end(struct db_tx *tx);

/*
 * `ret_affected` may be NULL: rows that matched and changed; an INSERT ... ON DUPLICATE KEY UPDATE
 * counts 2 for a row that it changed.
 */
MUST_USE SUSPENDS struct status db_exec(struct db_tx *tx, const char *sql, struct db_args args,
                                        uint64_t *ret_affected);

/*
 * A result, wholly in memory: a query that could return many rows needs a LIMIT. It may be read
 * after the transaction has ended. The struct is zeroed before the query.
 *
 *     AUTO(db_rows_end) struct db_rows rows = {0};
 *     TRY(db_query(&tx, "SELECT sku_id, title FROM sku WHERE item_id = ?",
 *                  DB_ARGS(DB_I64(item_id)), &rows));
 *     while (db_rows_next(&rows))
 *         show(db_get_i64(&rows, 0), db_get_text(&rows, 1));
 */
struct db_rows {
    struct db_result *result;
    size_t count;
    size_t next;
};

MUST_USE SUSPENDS struct status db_query(struct db_tx *tx, const char *sql, struct db_args args,
                                         struct db_rows *ret);
MUST_USE bool db_rows_next(struct db_rows *rows);
void db_rows_end(struct db_rows *rows);

/*
 * Of the present row, columns from 0. NULL reads as 0, "" or no bytes. Asking for the wrong kind, a
 * column that is not there, or an integer that does not fit is a bug; floating point is not read at
 * all.
 */
bool db_get_is_null(const struct db_rows *rows, unsigned column);
/* Of integers of every width and of DECIMALs without a fraction (SUM). */
int64_t db_get_i64(const struct db_rows *rows, unsigned column);
uint64_t db_get_u64(const struct db_rows *rows, unsigned column);
/* Terminated; valid until db_rows_end. Of text, bytes and DECIMALs. */
const char *db_get_text(const struct db_rows *rows, unsigned column);
const void *db_get_bytes(const struct db_rows *rows, unsigned column, size_t *ret_size);
/* DATETIME(6), TIMESTAMP and DATE as microseconds since 1970 UTC. */
int64_t db_get_time(const struct db_rows *rows, unsigned column);

/*
 * The database's clock, microseconds since 1970 UTC: for expiry and timeouts, never this machine's.
 */
MUST_USE SUSPENDS struct status db_now(struct db_tx *tx, int64_t *ret_us);

/*
 * Statements over a set. In the SQL, outside of quotes, `{s|text}` stands for the text once for
 * each element, with the character s between them:
 *
 *     INSERT INTO line (id, sku_id) VALUES {,|(?, ?)}
 *     SELECT sku_id, free FROM stock WHERE sku_id IN ({,|?}) ORDER BY sku_id FOR UPDATE
 *     UPDATE stock SET held = held + CASE sku_id { |WHEN ? THEN ?} END WHERE sku_id IN ({,|?})
 *
 * Sets fill the groups in their order; all have the same number of rows. `args` are for the `?`
 * outside of groups.
 */
struct db_set {
    const struct db_value *values; /* rows * width, row by row */
    size_t width;                  /* number of `?` in the group */
    size_t rows;
};

/* A set of ids, one `?` each, in the arena. */
struct db_set db_set_of_ids(const int64_t *ids, size_t count, struct arena *arena);

/*
 * Any number of rows, sent in prepared chunks of 128, 32, 8, 4, 2 and 1; also for bulk loads
 * (docs/sql.md). One group, no other `?`. Not OK: the rows of earlier chunks are in the
 * transaction, also after DUPLICATE_KEY.
 */
MUST_USE SUSPENDS struct status db_insert_rows(struct db_tx *tx, const char *sql, struct db_set set,
                                               uint64_t *ret_affected);
/*
 * 1 to DB_SET_MAX rows in one statement; the last row fills it up to the next prepared size (2, 4,
 * 8, 32, 128, 512), so repeating an element must not change the meaning (IN, CASE).
 */
MUST_USE SUSPENDS struct status db_exec_set(struct db_tx *tx, const char *sql, struct db_args args,
                                            const struct db_set *sets, size_t set_count,
                                            uint64_t *ret_affected);
MUST_USE SUSPENDS struct status db_query_set(struct db_tx *tx, const char *sql, struct db_args args,
                                             const struct db_set *sets, size_t set_count,
                                             struct db_rows *ret);
