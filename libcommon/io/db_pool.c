#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "io/db_internal.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "run/task.h"

/*
 * Connections are made by tasks of the pool, not by those who wait: a caller with a short deadline
 * must not break off the attempt that the next one needs, and whatever connection is free first
 * serves the first in line.
 *
 * Places: `open` counts every connection that exists for the server, also while it is connecting or
 * being cleaned, and never exceeds connections_max.
 */

enum {
    BACKOFF_FIRST_US = 100 * 1000,
    BACKOFF_MOST_US = 1000 * 1000,
    CLOSE_LIMIT_US = 10 * 1000 * 1000,
    CONNECTING_MAX = 2, /* at a time: until they are there, others may have become free */
    LOOK_AT_IDLE_US = 1000 * 1000,
};

struct db_waiter {
    struct db_waiter *next;
    struct task *task;
    bool served;
    struct db_connection *connection; /* NULL: `failure` says why */
    struct status failure;
};

/* The line. */

static void line_append(struct db *db, struct db_waiter *waiter)
{
    if (db->last_waiter)
        db->last_waiter->next = waiter;
    else
        db->first_waiter = waiter;
    db->last_waiter = waiter;
    db->waiting++;
    metric_add(db->metrics.waiting, 1);
}

static void line_remove(struct db *db, const struct db_waiter *waiter)
{
    struct db_waiter *before = NULL;
    struct db_waiter *here = db->first_waiter;

    while (here != waiter) {
        before = here;
        here = here->next;
    }
    if (before)
        before->next = here->next;
    else
        db->first_waiter = here->next;
    if (db->last_waiter == here)
        db->last_waiter = before;
    db->waiting--;
    metric_add(db->metrics.waiting, -1);
}

static struct db_waiter *line_serve_first(struct db *db)
{
    struct db_waiter *first = db->first_waiter;

    line_remove(db, first);
    first->served = true;
    task_wake(first->task);
    return first;
}

/* Chains: idle connections, and those with a keeper. */

static void chain_push(struct db_connection **list, struct db_connection *c)
{
    c->next = *list;
    c->link = list;
    if (c->next)
        c->next->link = &c->next;
    *list = c;
}

static void chain_remove(struct db_connection *c)
{
    BUG_ON(!c->link);
    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
    c->next = NULL;
    c->link = NULL;
}

static void idle_push(struct db_connection *c)
{
    c->idle = true;
    c->idle_since_us = clock_mono_us();
    c->is_fresh = false;
    chain_push(&c->db->idle, c);
    metric_add(c->db->metrics.idle, 1);
}

static void idle_remove(struct db_connection *c)
{
    c->idle = false;
    chain_remove(c);
    metric_add(c->db->metrics.idle, -1);
}

void db_keep_begin(struct db_connection *c)
{
    c->keeper = task_self();
    chain_push(&c->db->kept, c);
    if (c->db->closing)
        task_cancel(c->keeper);
}

void db_keep_end(struct db_connection *c)
{
    c->keeper = NULL;
    chain_remove(c);
}

/* Growing. */

static void settle(struct db *db);

static void connect_for_line(void *arg)
{
    struct db_connection *c = arg;
    struct db *db = c->db;

    db_keep_begin(c);
    const struct status st = db_connection_open(c);
    db_keep_end(c);
    db->connecting--;
    if (status_ok(&st)) {
        db_connect_succeeded(db);
        db_release(c);
        settle(db);
        return;
    }
    if (!db->closing)
        db_connect_failed(db, &st);
    db_discard(c);
}

static bool start_connecting(struct db *db)
{
    struct db_connection *c = db_connection_new(db);

    if (!task_go("db connect", connect_for_line, c)) {
        db->failure = status_error(CODE_RESOURCE_EXHAUSTED, "OVERLOADED", "too many tasks");
        db_connection_free(c);
        return false;
    }
    db->connecting++;
    db->open++;
    metric_add(db->metrics.open, 1);
    return true;
}

/* How many more may come. After a failure one attempt at a time, and not before its turn. */
static size_t places_free(const struct db *db)
{
    if (db->closing)
        return 0;
    if (db->failing)
        return !db->connecting && db->open < db->connections_max &&
               clock_mono_us() >= db->retry_at_us;
    return db->connections_max - db->open;
}

/* Makes the connections that the line needs, or tells it that there will be none. */
static void settle(struct db *db)
{
    while (db->waiting > db->connecting && db->connecting < CONNECTING_MAX && places_free(db) &&
           start_connecting(db)) {
    }
    while (db->waiting && !db->open)
        line_serve_first(db)->failure = db->failure;
}

void db_connect_failed(struct db *db, const struct status *st)
{
    if (db->failing && clock_mono_us() < db->retry_at_us)
        return; /* begun together with one that failed before */
    if (!db->failing)
        log_warn("database unreachable", LOG_STR("host", db->host), LOG_I64("port", db->port),
                 LOG_STATUS(*st));
    db->failing = true;
    db->failure = *st;
    db->retry_at_us = clock_mono_us() + backoff_next_us(&db->backoff, random_u64());
}

void db_connect_succeeded(struct db *db)
{
    if (db->failing)
        log_info("database reachable again", LOG_STR("host", db->host), LOG_I64("port", db->port));
    db->failing = false;
    backoff_reset(&db->backoff);
}

/* No connection lives, and no attempt will be made for those who come now. */
static bool is_hopeless(const struct db *db)
{
    return db->failing && db->open == db->connecting &&
           (db->connecting || clock_mono_us() < db->retry_at_us);
}

/* Those for whom a connection is on its way, or will be, do not count. */
static bool is_line_full(const struct db *db)
{
    return db->waiting >= db->waiting_max + db->connecting + places_free(db);
}

/*
 * Handing out and taking back. The warmest goes first, so those that nobody needs any more grow
 * old.
 */

static void close_unneeded(struct db *db)
{
    const int64_t now_us = clock_mono_us();
    struct db_connection *next;

    if (now_us < db->look_at_idle_us)
        return;
    db->look_at_idle_us = now_us + LOOK_AT_IDLE_US;
    for (struct db_connection *c = db->idle; c; c = next) {
        next = c->next;
        if (c->idle_since_us + db->idle_life_us < now_us)
            db_discard(c);
    }
}

static struct status wait_in_line(struct db *db, struct db_connection **ret)
{
    struct db_waiter self = {.task = task_self()};
    struct status st = STATUS_OK;

    line_append(db, &self);
    settle(db);
    while (!self.served && status_ok(&st))
        st = task_park("a database connection");
    if (!self.served) {
        line_remove(db, &self);
        return st;
    }
    if (!self.connection)
        return self.failure;
    *ret = self.connection;
    return STATUS_OK;
}

static struct status acquire(struct db *db, struct db_connection **ret)
{
    if (db->idle) {
        *ret = db->idle;
        idle_remove(*ret);
        return STATUS_OK;
    }
    if (is_line_full(db))
        return status_error(CODE_RESOURCE_EXHAUSTED, "OVERLOADED",
                            "%zu tasks wait for a database connection", db->waiting);
    if (is_hopeless(db))
        return db->failure;
    return wait_in_line(db, ret);
}

struct status db_acquire(struct db *db, struct db_connection **ret)
{
    BUG_ON(db->closing);
    const int64_t since_us = clock_mono_us();
    struct db_connection *c = NULL;

    TRY(acquire(db, &c));
    metric_observe(db->metrics.acquire_seconds,
                   (double)(clock_mono_us() - since_us) / (double)CLOCK_US_PER_S);
    metric_add(db->metrics.used, 1);
    *ret = c;
    return STATUS_OK;
}

void db_release(struct db_connection *c)
{
    struct db *db = c->db;

    c->failed = false;
    if (db->closing) {
        db_discard(c);
    } else if (db->waiting) {
        line_serve_first(db)->connection = c;
    } else {
        idle_push(c);
        close_unneeded(db);
    }
}

void db_discard(struct db_connection *c)
{
    struct db *db = c->db;

    if (c->idle)
        idle_remove(c);
    db_connection_free(c);
    db->open--;
    metric_add(db->metrics.open, -1);
    settle(db);
    if (db->closer && !db->open)
        task_wake(db->closer);
}

void db_give_back(struct db_connection *c)
{
    const bool was_interrupted = !status_ok(&c->interrupted);

    c->is_fresh = false;
    metric_add(c->db->metrics.used, -1);
    if (was_interrupted || (c->in_transaction && !c->broken && !c->is_session))
        db_clean(c);
    else if (c->broken || c->is_session)
        db_discard(c);
    else
        db_release(c);
}

/* Its life. */

static bool is_address(const char *host)
{
    unsigned char bytes[sizeof(struct in6_addr)];

    return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

struct status db_open(struct loop *loop, const struct db_config *config, struct db **ret)
{
    if (!is_address(config->host))
        return status_error(CODE_INVALID_ARGUMENT, "INVALID_FIELD",
                            "database host \"%s\" is a name; looking it up would block",
                            config->host);
    if (!config->connections_max)
        return status_error(CODE_INVALID_ARGUMENT, "INVALID_FIELD", "no database connections");
    if (config->ca_file && access(config->ca_file, R_OK) != 0)
        return status_error(CODE_INVALID_ARGUMENT, "INVALID_FIELD",
                            "the database's CA cannot be read: %s", config->ca_file);
    TRY(db_connect_start());

    struct db *db = mem_new(struct db);
    db->loop = loop;
    db->host = mem_strdup(config->host);
    db->database = mem_strdup(config->database);
    db->user = mem_strdup(config->user);
    db->password = mem_strdup(config->password);
    db->ca_file = config->ca_file ? mem_strdup(config->ca_file) : NULL;
    db->port = config->port;
    db->connections_max = config->connections_max;
    db->waiting_max = config->waiting_max;
    db->tx_life_us = DB_TX_LIFE_MAX_S * CLOCK_US_PER_S;
    db->idle_life_us = DB_IDLE_MAX_S * CLOCK_US_PER_S;
    db->backoff = backoff_between(BACKOFF_FIRST_US, BACKOFF_MOST_US);
    db->metrics = db_metrics_new();
    semaphore_init(&db->control_turn, 1);
    *ret = db;
    return STATUS_OK;
}

/* What cleans or connects is told to stop, and does so at once. */
static void wait_for_keepers(struct db *db)
{
    AUTO(task_shield_end) struct task_shield shield = task_shield_in_us(CLOSE_LIMIT_US);
    struct status st = STATUS_OK;

    for (struct db_connection *c = db->kept; c; c = c->next)
        task_cancel(c->keeper);
    db->closer = task_self();
    while (db->open && status_ok(&st))
        st = task_park("database connections to end");
    if (db->open)
        BUG("%zu database connections are still in use at the end", db->open);
}

void db_set_idle_life_us(struct db *db, int64_t us)
{
    db->idle_life_us = us;
}

void db_close(struct db *db)
{
    if (!db)
        return;
    BUG_ON(db->waiting);
    db->closing = true;
    while (db->idle)
        db_discard(db->idle);
    if (db->open)
        wait_for_keepers(db);
    mem_free(db->binds);
    mem_free(db->times);
    mem_free(db->host);
    mem_free(db->database);
    mem_free(db->user);
    mem_free(db->password);
    mem_free(db->ca_file);
    mem_free(db);
}
