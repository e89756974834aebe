#include "patterns/ids.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/mem.h"
#include "io/db.h"
#include "observe/log.h"
#include "run/task.h"

enum {
    TTL_MS = 15 * 1000,
    RENEW_MS = 5 * 1000,
    CALL_LIMIT_US = 2 * 1000 * 1000,
    RETRY_US = 200 * 1000,
};

struct ids {
    struct db *db;
    const char *owner;
    unsigned service;
    unsigned node;
    struct id_maker maker;
    struct id_maker user_maker;
    struct order_no_maker order_no_maker;
    struct task *task;
    int64_t skew_ms; /* how far this machine's clock is ahead; 0 while that is not too much */
    void (*changed)(void *arg);
    void *changed_arg;
};

static int64_t now_ms(void)
{
    return clock_unix_us() / CLOCK_US_PER_MS;
}

struct status ids_check(const struct ids *ids)
{
    if (!ids->skew_ms)
        return STATUS_OK;
    return status_error(CODE_UNAVAILABLE, "ID_CLOCK_SKEWED",
                        "this machine's clock is %lld ms %s the database's",
                        llabs((long long)ids->skew_ms), ids->skew_ms > 0 ? "ahead of" : "behind");
}

void ids_watch(struct ids *ids, void (*changed)(void *arg), void *arg)
{
    ids->changed = changed;
    ids->changed_arg = arg;
}

/* The answer's way is not the clock's fault. */
static struct status measure_skew(struct ids *ids, struct db_tx *tx)
{
    const int64_t before_us = clock_unix_us();
    int64_t skew_us = 0, db_us;

    TRY(db_now(tx, &db_us));
    const int64_t after_us = clock_unix_us();
    if (db_us < before_us)
        skew_us = before_us - db_us;
    else if (db_us > after_us)
        skew_us = after_us - db_us;
    const int64_t skew_ms = skew_us / CLOCK_US_PER_MS;
    ids->skew_ms = llabs(skew_ms) > IDS_SKEW_MAX_MS ? skew_ms : 0;
    return STATUS_OK;
}

/*
 * The mark is in unix time of the machine, which ids are made of; that the lease has run out is
 * decided by the database's clock. Rows are written once by the first who needs them.
 */
static struct status insert_nodes(struct db_tx *tx, unsigned service)
{
    struct db_value values[(ID_NODE_MAX + 1) * 2];

    for (unsigned node = 0; node <= ID_NODE_MAX; node++) {
        values[2 * node] = DB_U64(service);
        values[2 * node + 1] = DB_U64(node);
    }
    return db_insert_rows(tx,
                          "INSERT INTO node_lease (service, node) VALUES {,|(?, ?)} "
                          "ON DUPLICATE KEY UPDATE node = VALUES(node)",
                          (struct db_set){.values = values, .width = 2, .rows = ID_NODE_MAX + 1},
                          NULL);
}

static struct status pick_free(struct db_tx *tx, unsigned service, int64_t *ret_node,
                               int64_t *ret_mark_ms)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_query(tx,
                 "SELECT node, high_water_ms FROM node_lease WHERE service = ? "
                 "AND until_at < UTC_TIMESTAMP(6) AND high_water_ms < ? ORDER BY node LIMIT 1 "
                 "FOR UPDATE",
                 DB_ARGS(DB_U64(service), DB_I64(now_ms())), &rows));
    *ret_node = -1;
    if (db_rows_next(&rows)) {
        *ret_node = db_get_i64(&rows, 0);
        *ret_mark_ms = db_get_i64(&rows, 1);
    }
    return STATUS_OK;
}

static struct status claim(struct ids *ids, bool *ret_had)
{
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(CALL_LIMIT_US);
    AUTO(db_tx_end) struct db_tx tx = {0};
    int64_t node, mark_ms = 0;

    *ret_had = false;
    TRY(db_tx_begin(&tx, ids->db));
    TRY(measure_skew(ids, &tx));
    TRY(ids_check(ids));
    TRY(pick_free(&tx, ids->service, &node, &mark_ms));
    if (node < 0) {
        TRY(insert_nodes(&tx, ids->service));
        return db_tx_commit(&tx);
    }
    const int64_t fence_ms = now_ms() + TTL_MS;
    TRY(db_exec(&tx,
                "UPDATE node_lease SET owner = ?, high_water_ms = ?, "
                "until_at = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND "
                "WHERE service = ? AND node = ?",
                DB_ARGS(DB_TEXT(ids->owner), DB_I64(fence_ms), DB_I64(TTL_MS * CLOCK_US_PER_MS),
                        DB_U64(ids->service), DB_I64(node)),
                NULL));
    TRY(db_tx_commit(&tx));

    ids->node = (unsigned)node;
    ids->maker = id_maker_start(ids->service, ids->node, mark_ms, fence_ms);
    ids->user_maker = ids->maker;
    order_no_maker_start(&ids->order_no_maker, ids->node, mark_ms / 1000, fence_ms / 1000);
    *ret_had = true;
    return STATUS_OK;
}

static void set_fence(struct ids *ids, int64_t fence_ms)
{
    ids->maker.fence_ms = fence_ms;
    ids->user_maker.fence_ms = fence_ms;
    ids->order_no_maker.fence_s = fence_ms / 1000;
}

/*
 * The mark never goes down while the node is held, whatever the clock does, nor up while the clock
 * is wrong.
 */
static struct status raise_mark(struct ids *ids, int64_t mark_ms, bool *ret_ours)
{
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(CALL_LIMIT_US);
    AUTO(db_tx_end) struct db_tx tx = {0};
    uint64_t affected;

    TRY(db_tx_begin(&tx, ids->db));
    TRY(measure_skew(ids, &tx));
    if (ids->skew_ms)
        mark_ms = 0;
    TRY(db_exec(&tx,
                "UPDATE node_lease SET high_water_ms = GREATEST(high_water_ms, ?), "
                "until_at = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND "
                "WHERE service = ? AND node = ? AND owner = ?",
                DB_ARGS(DB_I64(mark_ms), DB_I64(TTL_MS * CLOCK_US_PER_MS), DB_U64(ids->service),
                        DB_U64(ids->node), DB_TEXT(ids->owner)),
                &affected));
    TRY(db_tx_commit(&tx));
    *ret_ours = affected == 1;
    return STATUS_OK;
}

static int64_t last_issued_ms(const struct ids *ids)
{
    const int64_t plain_ms = ids->maker.last_ms, user_ms = ids->user_maker.last_ms;
    int64_t last_ms = plain_ms > user_ms ? plain_ms : user_ms;

    for (size_t i = 0; i < ARRAY_LEN(ids->order_no_maker.slots); i++)
        if (ids->order_no_maker.slots[i].last_s * 1000 + 999 > last_ms)
            last_ms = ids->order_no_maker.slots[i].last_s * 1000 + 999;
    return last_ms;
}

static void report_skew(const struct ids *ids, bool was_skewed)
{
    const struct status st = ids_check(ids);

    if (status_ok(&st) == !was_skewed)
        return;
    if (was_skewed)
        log_info("the clocks agree again");
    else
        log_error("no ids until the clocks agree", LOG_STATUS(st));
    if (ids->changed)
        ids->changed(ids->changed_arg);
}

/*
 * The next holder sees the mark; until the write is known to be there, ids stay below the old one.
 * Where the clock was set back, ids go on behind the last one.
 */
static void renew(struct ids *ids)
{
    const int64_t last_ms = last_issued_ms(ids), present_ms = now_ms();
    const int64_t fence_ms = (last_ms > present_ms ? last_ms : present_ms) + TTL_MS;
    bool ours = true;
    const struct status st = raise_mark(ids, fence_ms, &ours);

    if (!status_ok(&st)) {
        if (st.code != CODE_CANCELLED)
            log_warn("node lease not renewed", LOG_STATUS(st));
        return;
    }
    if (ours) {
        set_fence(ids, ids->skew_ms ? 0 : fence_ms);
        return;
    }
    bool had = false;
    log_error("node lease lost, taking another", LOG_I64("node", ids->node));
    set_fence(ids, 0);
    status_ignore(claim(ids, &had), "tried again at the next renewal");
}

static void keep(void *arg)
{
    struct ids *ids = arg;

    while (task_sleep_us(RENEW_MS * CLOCK_US_PER_MS).code == CODE_OK) {
        const bool was_skewed = ids->skew_ms;
        renew(ids);
        report_skew(ids, was_skewed);
    }
}

struct status ids_start(struct db *db, unsigned service, const char *owner, struct ids **ret)
{
    struct ids *ids = mem_new(struct ids);
    struct status st = STATUS_OK;
    bool had = false;

    ids->db = db;
    ids->owner = owner;
    ids->service = service;
    for (int tries = 0; status_ok(&st) && !had; tries++) {
        if (tries > 1) /* the first may only have made the rows */
            st = task_sleep_us(RETRY_US);
        if (status_ok(&st))
            st = claim(ids, &had);
    }
    if (!status_ok(&st)) {
        mem_free(ids);
        return st;
    }
    ids->task = task_spawn("node lease", keep, ids);
    BUG_ON(!ids->task);
    log_info("node lease taken", LOG_I64("node", ids->node));
    *ret = ids;
    return STATUS_OK;
}

/* What is between the last id and the fence was not used: the next holder need not wait for it. */
static struct status give_back(struct ids *ids)
{
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(CALL_LIMIT_US);
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_tx_begin(&tx, ids->db));
    TRY(db_exec(&tx,
                "UPDATE node_lease SET owner = '', high_water_ms = ?, until_at = '2000-01-01' "
                "WHERE service = ? AND node = ? AND owner = ?",
                DB_ARGS(DB_I64(last_issued_ms(ids)), DB_U64(ids->service), DB_U64(ids->node),
                        DB_TEXT(ids->owner)),
                NULL));
    return db_tx_commit(&tx);
}

void ids_stop(struct ids *ids)
{
    if (!ids)
        return;
    task_stop(ids->task);
    set_fence(ids, 0);
    status_ignore(give_back(ids), "the lease runs out by itself");
    mem_free(ids);
}

struct status ids_next(struct ids *ids, int64_t *ret)
{
    TRY(ids_check(ids));
    return id_next(&ids->maker, now_ms(), ret);
}

struct status ids_next_for_user(struct ids *ids, int64_t user_id, int64_t *ret)
{
    TRY(ids_check(ids));
    return id_next_for_user(&ids->user_maker, now_ms(), user_id, ret);
}

struct status ids_next_order_no(struct ids *ids, int64_t user_id, char *ret)
{
    TRY(ids_check(ids));
    return order_no_next(&ids->order_no_maker, now_ms() / 1000, user_id, ret);
}

unsigned ids_node(const struct ids *ids)
{
    return ids->node;
}
