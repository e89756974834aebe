#include <stdio.h>
#include <string.h>

#include "io/db_internal.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "run/task.h"

/*
 * What a transaction left behind. An open transaction is rolled back and the connection is as good
 * as new. One that was interrupted in the middle of a call cannot be saved; the server would work
 * on for it, hold its locks and count it as a connection until it next looks at the socket, so it
 * is told to KILL it. Until then the connection keeps its place in the pool: however many tasks
 * give up, the server never sees more than connections_max (and one to KILL with).
 */

static struct status rollback(struct db_connection *c)
{
    TRY(db_connection_text(c, "ROLLBACK"));
    c->in_transaction = false;
    return STATUS_OK;
}

/*
 * Is it still there? After a restart of the server, or behind a proxy, the id may be somebody
 * else's, but not together with our port.
 */
static struct status find_on_server(struct db_connection *control, const struct db_connection *c,
                                    bool *ret)
{
    char host[16];
    struct db_result *rows;

    snprintf(host, sizeof host, "%%:%u", c->local_port);
    const struct db_call call = {
        .sql = "SELECT ID FROM information_schema.PROCESSLIST WHERE ID = ? AND HOST LIKE ?",
        .args = DB_ARGS(DB_U64(c->thread_id), DB_TEXT(host)),
    };
    TRY(db_statement_run(control, &call, &rows, NULL));
    *ret = db_result_count(rows) == 1;
    db_result_free(rows);
    return STATUS_OK;
}

static struct status kill_with(struct db_connection *control, const struct db_connection *c,
                               enum db_kill *ret)
{
    char sql[40];
    bool is_there;

    TRY(find_on_server(control, c, &is_there));
    *ret = DB_GONE;
    if (!is_there)
        return STATUS_OK;
    snprintf(sql, sizeof sql, "KILL %lu", c->thread_id); /* cannot be prepared everywhere */
    const struct status st = db_connection_text(control, sql);
    if (st.code == CODE_NOT_FOUND) /* it ended in between */
        return STATUS_OK;
    *ret = status_ok(&st) ? DB_KILLED : DB_KILL_FAILED;
    return st;
}

/* One after the other; the last one out closes. */
static struct status kill_on_server(const struct db_connection *c, enum db_kill *ret)
{
    struct db *db = c->db;
    struct status st = STATUS_OK;

    TRY(semaphore_acquire(&db->control_turn, "its turn to KILL"));
    if (!db->control) {
        db->control = db_connection_new(db);
        st = db_connection_open(db->control);
    }
    if (status_ok(&st))
        st = kill_with(db->control, c, ret);
    if (!status_ok(&st) || wait_queue_is_empty(&db->control_turn.waiting)) {
        db_connection_free(db->control);
        db->control = NULL;
    }
    semaphore_release(&db->control_turn);
    return st;
}

static struct status kill_and_count(const struct db_connection *c)
{
    enum db_kill outcome = DB_KILL_FAILED;
    const struct status st = kill_on_server(c, &outcome);

    metric_add(c->db->metrics.kills[outcome], 1);
    return st;
}

static void clean(void *arg)
{
    struct db_connection *c = arg;
    const bool was_interrupted = !status_ok(&c->interrupted);
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(DB_CLEAN_LIMIT_US);

    db_keep_begin(c);
    const struct status st = was_interrupted ? kill_and_count(c) : rollback(c);
    db_keep_end(c);
    if (!status_ok(&st))
        log_debug("database connection not cleaned", LOG_STATUS(st));
    if (status_ok(&st) && !was_interrupted)
        db_release(c);
    else
        db_discard(c);
}

void db_clean(struct db_connection *c)
{
    if (c->mysql && !status_ok(&c->interrupted))
        db_connection_close(c);
    if (!task_go("db cleaning", clean, c))
        db_discard(c);
}
