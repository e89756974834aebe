#include "patterns/relay.h"

#include <stdlib.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "io/db.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "patterns/lease.h"
#include "patterns/outbox.h"
#include "patterns/relay_publish.h"
#include "patterns/relay_read.h"
#include "run/task.h"

enum {
    PAUSE_LEAST_US = 1000,
    PAUSE_MOST_US = 100 * 1000,
    ROUND_LIMIT_US = 10 * 1000 * 1000, /* of each database or Kafka step */
    ROUND_ARENA_MAX = 256 * 1024 * 1024,
    CURSOR_EVERY_US = 250 * 1000,
    /* The hard life of a transaction, and a margin for a commit that is under way or frozen. */
    GAP_LIFE_US = (DB_TX_LIFE_MAX_S + 15) * 1000 * 1000,
};

struct relay {
    struct db *db;
    struct outbox *outbox;
    struct lease *lease;
    struct relay_publisher publisher;
    struct task *task;
    struct arena *arena; /* of one round */
    struct relay_gaps gaps;
    int64_t looked_us; /* before the last look for rows of gaps */
    uint64_t term;     /* of the lease under which the gaps were read */
    uint64_t cursor;   /* all up to here are published, or will never be there */
    uint64_t stored_cursor;
    int64_t stored_us;
    int64_t pause_us;
    bool sleeping;
    bool stopping;
    struct metric *open_gaps;
    struct metric *age;
};

/* The row is not committed yet, but soon: look again quickly, then slower. */
static void on_add(void *arg)
{
    struct relay *relay = arg;

    relay->pause_us = PAUSE_LEAST_US;
    if (relay->sleeping)
        task_wake(relay->task);
}

static void idle(struct relay *relay)
{
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(relay->pause_us);

    relay->sleeping = true;
    status_ignore(task_park("outbox rows"), "woken or not, the next round looks");
    relay->sleeping = false;
    relay->pause_us = relay->pause_us * 2 < PAUSE_MOST_US ? relay->pause_us * 2 : PAUSE_MOST_US;
}

static struct status start_term(struct relay *relay)
{
    uint64_t cursor;

    TRY(relay_read_cursor(relay->db, &cursor));
    TRY(relay_publisher_load(&relay->publisher, relay->arena));
    relay_gaps_start(&relay->gaps, cursor, GAP_LIFE_US);
    relay->cursor = relay->stored_cursor = cursor;
    relay->term = lease_term(relay->lease);
    log_info("relay starts", LOG_I64("cursor", (int64_t)cursor));
    return STATUS_OK;
}

static int by_seq(const void *a, const void *b)
{
    const struct relay_row *left = a, *right = b;
    return (left->seq > right->seq) - (left->seq < right->seq);
}

/*
 * Forward first, then the gaps: a row that is visible has every earlier one of its aggregate behind
 * it.
 */
static struct status read_rows(struct relay *relay, struct relay_rows *rows)
{
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(ROUND_LIMIT_US);
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_read_begin(&tx, relay->db));
    TRY(relay_read_forward(&tx, &relay->gaps, relay->arena, rows));
    relay->looked_us = clock_mono_us();
    TRY(relay_read_gaps(&tx, &relay->gaps, relay->arena, rows));
    if (rows->count)
        qsort(rows->list, rows->count, sizeof *rows->list, by_seq);
    return STATUS_OK;
}

/* Publishing may take longer than a transaction lives: rows that came meanwhile are not lost. */
static void close_gaps(struct relay *relay)
{
    const uint64_t closed = relay_gaps_expire(&relay->gaps, relay->looked_us);

    if (closed)
        log_debug("outbox gaps closed", LOG_I64("numbers", (int64_t)closed));
    metric_set(relay->open_gaps, (double)relay->gaps.count);
}

static struct status store_cursor(struct relay *relay)
{
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(ROUND_LIMIT_US);

    if (relay->cursor == relay->stored_cursor)
        return STATUS_OK;
    TRY(relay_write_cursor(relay->db, relay->cursor));
    relay->stored_cursor = relay->cursor;
    relay->stored_us = clock_mono_us();
    return STATUS_OK;
}

/* Of the oldest row. This machine's clock has no say in when it was written. */
static int64_t age_us(const struct relay *relay, const struct relay_rows *rows)
{
    return rows->read_us - rows->list[0].created_us + clock_mono_us() - relay->looked_us;
}

/* A commit for so many rounds: who takes over from one that died repeats what came since. */
static struct status store_cursor_now_and_then(struct relay *relay)
{
    if (clock_mono_us() - relay->stored_us < CURSOR_EVERY_US)
        return STATUS_OK;
    return store_cursor(relay);
}

static struct status run_round(struct relay *relay)
{
    struct relay_rows rows = {0};

    arena_reset(relay->arena);
    TRY(lease_wait(relay->lease));
    if (relay->term != lease_term(relay->lease))
        TRY(start_term(relay));
    TRY(read_rows(relay, &rows));
    if (rows.count) {
        TRY(relay_publish(&relay->publisher, &rows, relay->arena));
        metric_set(relay->age, (double)age_us(relay, &rows) / CLOCK_US_PER_S);
    }
    close_gaps(relay);
    relay->cursor = relay_gaps_cursor(&relay->gaps);
    TRY(store_cursor_now_and_then(relay));
    TRY(relay_publish_parked(&relay->publisher, relay->arena));
    if (rows.count < RELAY_FORWARD_MAX && !relay->stopping)
        idle(relay);
    return STATUS_OK;
}

static void run(void *arg)
{
    struct relay *relay = arg;
    struct backoff pause = backoff_between(100 * 1000, CLOCK_US_PER_S);

    while (!relay->stopping) {
        const struct status st = run_round(relay);
        if (status_ok(&st)) {
            backoff_reset(&pause);
            continue;
        }
        if (st.code == CODE_CANCELLED)
            break;
        log_warn("relay round failed, reading again from the cursor", LOG_STATUS(st));
        relay->term = 0; /* what the gaps know may not have been published */
        status_ignore(task_sleep_us(backoff_next_us(&pause, random_u64())), "the loop looks");
    }
}

struct relay *relay_start(const struct relay_config *config)
{
    struct relay *relay = mem_new(struct relay);

    relay->db = config->db;
    relay->outbox = config->outbox;
    relay->pause_us = PAUSE_LEAST_US;
    relay->arena = arena_new(ROUND_ARENA_MAX);
    relay->open_gaps = metric_series(metric_family(METRIC_GAUGE, "souk_outbox_open_gaps", "",
                                                   "Ranges of outbox numbers not seen yet"));
    relay->age = metric_series(metric_family(METRIC_GAUGE, "souk_outbox_publish_delay_seconds", "",
                                             "Age of the oldest event of the last round"));
    relay->lease = lease_start(config->db, "outbox-relay", config->owner);
    relay->publisher = (struct relay_publisher){
        .db = config->db,
        .producer = config->producer,
        .lease = relay->lease,
        .source = outbox_source(config->outbox),
        .published = metric_series(metric_family(METRIC_COUNTER, "souk_outbox_published_total", "",
                                                 "Events acknowledged by Kafka")),
        .parked = metric_series(metric_family(METRIC_GAUGE, "souk_outbox_parked_events", "",
                                              "Events that Kafka does not take, and those behind")),
    };
    outbox_on_add(config->outbox, on_add, relay);
    relay->task = task_spawn("relay", run, relay);
    BUG_ON(!relay->task);
    return relay;
}

void relay_stop(struct relay *relay)
{
    if (!relay)
        return;
    relay->stopping = true;
    outbox_on_add(relay->outbox, NULL, NULL);
    task_stop(relay->task);
    status_ignore(store_cursor(relay), "the next one repeats a little");
    lease_stop(relay->lease);
    arena_free(relay->arena);
    mem_free(relay);
}
