#include <string.h>

#include "base/clock.h"
#include "io/db_internal.h"
#include "observe/metrics.h"
#include "observe/span.h"
#include "run/task.h"

/*
 * Transactions.
 *
 * None of ours commits later than DB_TX_LIFE_MAX_S after its BEGIN: the outbox relay takes a number
 * that is missing for longer as never used. What holds it:
 * - Here, statements end DB_TX_MARGIN_S before the end of life and COMMIT is not begun later. It is
 *   waited for until the end of life and no longer; then the server is told to KILL the connection.
 *   The age is read from a clock that counts suspended time.
 * - If this process stops between that check and the sending, the server has dropped the
 *   transaction: idle_transaction_timeout is DB_TX_MARGIN_S.
 * What remains: a COMMIT that left in time and then lay in the network or in a server that stood
 * still for longer than the margin while the KILL was lost too; and engines without that time-out,
 * where a process that stops for longer than the margin right before sending COMMIT commits late.
 * The relay's margin is for these.
 */

enum { PING_FRESH_US = 1000 * 1000, PING_LIMIT_US = 5 * 1000 * 1000 };

/* The part of a life that is kept for COMMIT. */
static int64_t margin_us(const struct db *db)
{
    return db->tx_life_us * DB_TX_MARGIN_S / DB_TX_LIFE_MAX_S;
}

static void count(const struct db *db, enum db_outcome outcome)
{
    metric_add(db->metrics.transactions[outcome], 1);
}

/* Beginning. */

void db_set_tx_life_us(struct db *db, int64_t us)
{
    db->tx_life_us = us;
}

static void start_life(struct db_connection *c)
{
    c->begun_boot_us = clock_boot_us();
    c->statements_until_us = clock_mono_us() + c->db->tx_life_us - margin_us(c->db);
    c->failed = false;
    c->is_session = false;
}

static struct status send_begin(struct db_connection *c)
{
    start_life(c); /* before BEGIN: rather too early */
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_at(c->statements_until_us);

    const struct status st = db_connection_text(c, "BEGIN");
    c->in_transaction = status_ok(&st);
    return st;
}

static struct status reopen(struct db_connection *c)
{
    db_connection_close(c);
    const struct status st = db_connection_open(c);
    if (status_ok(&st))
        db_connect_succeeded(c->db);
    else if (st.code == CODE_UNAVAILABLE)
        db_connect_failed(c->db, &st);
    if (!status_ok(&st))
        c->broken = true;
    return st;
}

/* A connection may die while it idles; BEGIN is the first to see it. Nothing else is retried. */
static struct status begin_on(struct db_connection *c)
{
    const bool was_fresh = c->is_fresh;
    const struct status st = send_begin(c);

    if (status_ok(&st) || was_fresh || !c->broken || !status_ok(&c->interrupted))
        return st;
    TRY(reopen(c));
    return send_begin(c);
}

struct status db_tx_begin(struct db_tx *tx, struct db *db)
{
    struct db_connection *c = NULL;

    BUG_ON(tx->connection);
    TRY(db_acquire(db, &c));
    const struct status st = begin_on(c);
    if (!status_ok(&st)) {
        db_give_back(c);
        return st;
    }
    *tx = (struct db_tx){.db = db, .connection = c, .writes = true};
    return STATUS_OK;
}

struct status db_read_begin(struct db_tx *tx, struct db *db)
{
    struct db_connection *c = NULL;

    BUG_ON(tx->connection);
    TRY(db_acquire(db, &c));
    start_life(c);
    *tx = (struct db_tx){.db = db, .connection = c};
    return STATUS_OK;
}

struct status db_session_begin(struct db_tx *tx, struct db *db)
{
    struct db_connection *c = NULL;

    BUG_ON(tx->connection);
    TRY(db_acquire(db, &c));
    start_life(c);
    c->is_session = true;
    c->statements_until_us = TASK_NO_DEADLINE;
    *tx = (struct db_tx){.db = db, .connection = c, .writes = true};
    return STATUS_OK;
}

/* Ending. */

void db_tx_end(struct db_tx *tx)
{
    struct db_connection *c = tx->connection;

    if (!c)
        return;
    if (c->in_transaction)
        count(tx->db, DB_ROLLED_BACK);
    *tx = (struct db_tx){0};
    db_give_back(c);
}

static bool is_too_old(const struct db_connection *c)
{
    const struct db *db = c->db;
    return clock_boot_us() - c->begun_boot_us > db->tx_life_us - margin_us(db);
}

static struct status send_commit(struct db_connection *c)
{
    AUTO(task_shield_end) struct task_shield shield = task_shield_in_us(margin_us(c->db));

    TRY(db_connection_text(c, "COMMIT"));
    c->in_transaction = false;
    return STATUS_OK;
}

static struct status commit(struct db_connection *c)
{
    if (is_too_old(c)) {
        c->broken = true; /* rolled back for certain, also where ROLLBACK would come late */
        count(c->db, DB_EXPIRED);
        return status_error(CODE_DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED",
                            "the transaction is too old to be committed");
    }
    AUTO(span_end) struct span span;
    span_begin(&span, SPAN_CLIENT, "COMMIT");
    span_text(&span, "db.system", "mariadb");
    const struct status st = send_commit(c);
    span_status(&span, &st);
    count(c->db, status_ok(&st) ? DB_COMMITTED : c->broken ? DB_UNKNOWN : DB_REFUSED);
    return st;
}

struct status db_tx_commit(struct db_tx *tx)
{
    struct db_connection *c = tx->connection;

    BUG_ON(!c);
    if (c->failed)
        BUG("commit of a transaction in which a statement failed");
    const struct status st = tx->writes ? commit(c) : STATUS_OK;
    *tx = (struct db_tx){0};
    db_give_back(c);
    return st;
}

/* Statements. */

/* The first words, up to what is in parentheses: "INSERT INTO outbox". */
static void name_statement(const char *sql, char *to, size_t size)
{
    size_t length = 0, words = 0;

    for (; sql[length] && sql[length] != '(' && sql[length] != '{' && length < size - 1; length++) {
        if (sql[length] == ' ' && ++words == 3)
            break;
        to[length] = sql[length];
    }
    while (length && to[length - 1] == ' ')
        length--;
    to[length] = '\0';
}

static struct status run_in_span(struct db_connection *c, const struct db_call *call,
                                 struct db_result **ret_result, uint64_t *ret_affected)
{
    char name[48];
    AUTO(span_end) struct span span;

    *name = '\0';
    span_begin(&span, SPAN_CLIENT, name);
    if (span_is_recorded(&span))
        name_statement(call->sql, name, sizeof name);
    span_text(&span, "db.system", "mariadb");
    span_text(&span, "db.query.text", call->sql); /* its values are apart */
    const struct status st = db_statement_run(c, call, ret_result, ret_affected);
    span_status(&span, &st);
    return st;
}

static struct status run(struct db_tx *tx, const struct db_call *call,
                         struct db_result **ret_result, uint64_t *ret_affected)
{
    struct db_connection *c = tx->connection;

    if (!c)
        BUG("no transaction for: %s", call->sql);
    if (c->failed)
        BUG("a statement failed before in the transaction of: %s", call->sql);
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_at(c->statements_until_us);

    const struct status st = run_in_span(c, call, ret_result, ret_affected);
    if (!status_ok(&st) && c->in_transaction && !db_error_leaves_transaction(&st))
        c->failed = true;
    return st;
}

struct status db_run_exec(struct db_tx *tx, const struct db_call *call, uint64_t *ret_affected)
{
    if (tx->connection && !tx->writes)
        BUG("a write in a transaction for reading: %s", call->sql);
    return run(tx, call, NULL, ret_affected);
}

struct status db_run_query(struct db_tx *tx, const struct db_call *call, struct db_rows *ret)
{
    struct db_result *result = NULL;

    BUG_ON(ret->result); /* db_rows_end comes first */
    if (!tx->writes && strstr(call->sql, "FOR UPDATE"))
        BUG("locks without a transaction: %s", call->sql);
    TRY(run(tx, call, &result, NULL));
    *ret = (struct db_rows){.result = result, .count = db_result_count(result)};
    return STATUS_OK;
}

struct status db_exec(struct db_tx *tx, const char *sql, struct db_args args,
                      uint64_t *ret_affected)
{
    const struct db_call call = {.sql = sql, .args = args};
    return db_run_exec(tx, &call, ret_affected);
}

struct status db_query(struct db_tx *tx, const char *sql, struct db_args args, struct db_rows *ret)
{
    const struct db_call call = {.sql = sql, .args = args};
    return db_run_query(tx, &call, ret);
}

struct status db_session_text(struct db_tx *tx, const char *sql)
{
    return db_connection_text(tx->connection, sql);
}

/* Without a transaction. */

static struct status ping_on(struct db_connection *c)
{
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(PING_LIMIT_US);
    return db_connection_ping(c);
}

/* When it has just answered somebody, it need not be asked again; the pool may be busy. */
struct status db_ping(struct db *db)
{
    struct db_connection *c = NULL;

    if (db->answered_at_us && clock_mono_us() - db->answered_at_us < PING_FRESH_US)
        return STATUS_OK;
    TRY(db_acquire(db, &c));
    const struct status st = ping_on(c);
    db_give_back(c);
    return st;
}
