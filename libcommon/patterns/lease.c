#include "patterns/lease.h"

#include "base/clock.h"
#include "base/mem.h"
#include "io/db.h"
#include "observe/log.h"
#include "run/sync.h"
#include "run/task.h"

enum {
    CALL_LIMIT_US = 2 * 1000 * 1000,
    /* We stop believing this long before the database does. */
    MARGIN_US = 1000 * 1000,
};

struct lease {
    struct db *db;
    const char *name;
    const char *owner;
    struct task *task;
    char *task_name;
    struct wait_queue taken;
    int64_t held_until_us; /* boot time; 0: not held */
    uint64_t term;
    bool in_doubt; /* whether the row was ours all the time since the last term began */
};

/* What nobody took away from us, even when it ran out meanwhile. */
static struct status extend_row(struct lease *lease, struct db_tx *tx, bool *ret_held)
{
    uint64_t affected;

    TRY(db_exec(tx,
                "UPDATE lease SET until_at = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND "
                "WHERE name = ? AND owner = ?",
                DB_ARGS(DB_I64(LEASE_TTL_MS * CLOCK_US_PER_MS), DB_TEXT(lease->name),
                        DB_TEXT(lease->owner)),
                &affected));
    *ret_held = affected == 1;
    return STATUS_OK;
}

static struct status take_row(struct lease *lease, struct db_tx *tx, bool *ret_held)
{
    uint64_t affected;

    TRY(db_exec(tx,
                "UPDATE lease SET owner = ?, until_at = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND "
                "WHERE name = ? AND until_at < UTC_TIMESTAMP(6)",
                DB_ARGS(DB_TEXT(lease->owner), DB_I64(LEASE_TTL_MS * CLOCK_US_PER_MS),
                        DB_TEXT(lease->name)),
                &affected));
    *ret_held = affected == 1;
    return STATUS_OK;
}

/* The first time ever. Somebody else may have been faster. */
static struct status insert_row(struct lease *lease, struct db_tx *tx, bool *ret_held)
{
    const struct status st = db_exec(tx,
                                     "INSERT INTO lease (name, owner, until_at) "
                                     "VALUES (?, ?, UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND)",
                                     DB_ARGS(DB_TEXT(lease->name), DB_TEXT(lease->owner),
                                             DB_I64(LEASE_TTL_MS * CLOCK_US_PER_MS)),
                                     NULL);
    *ret_held = status_ok(&st);
    return status_is(&st, "DUPLICATE_KEY") ? STATUS_OK : st;
}

enum claimed { CLAIMED_NOT, CLAIMED_AS_BEFORE, CLAIMED_ANEW };

static struct status claim(struct lease *lease, enum claimed *ret)
{
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(CALL_LIMIT_US);
    AUTO(db_tx_end) struct db_tx tx = {0};
    bool extended, taken = false;

    TRY(db_tx_begin(&tx, lease->db));
    TRY(extend_row(lease, &tx, &extended));
    if (!extended)
        TRY(take_row(lease, &tx, &taken));
    if (!extended && !taken && !lease->term)
        TRY(insert_row(lease, &tx, &taken));
    TRY(db_tx_commit(&tx));
    *ret = extended ? CLAIMED_AS_BEFORE : taken ? CLAIMED_ANEW : CLAIMED_NOT;
    return STATUS_OK;
}

static void renew(struct lease *lease)
{
    const int64_t asked_us = clock_boot_us();
    enum claimed claimed = CLAIMED_NOT; /* gcc does not see that OK sets it */
    const struct status st = claim(lease, &claimed);

    if (!status_ok(&st)) {
        lease->in_doubt = true; /* it may have been taken anew by a commit without an answer */
        if (st.code != CODE_CANCELLED)
            log_warn("lease not renewed", LOG_STR("lease", lease->name), LOG_STATUS(st));
        return; /* believed in until it runs out */
    }
    if (claimed == CLAIMED_NOT) {
        lease->held_until_us = 0;
        return;
    }
    lease->held_until_us = asked_us + LEASE_TTL_MS * CLOCK_US_PER_MS - MARGIN_US;
    if (claimed == CLAIMED_ANEW || lease->in_doubt) {
        lease->term++;
        log_info("lease taken", LOG_STR("lease", lease->name));
    }
    lease->in_doubt = false;
    wait_queue_wake_all(&lease->taken);
}

/* Whether another holds it; when in doubt not. Looking costs no lock and no commit. */
static bool is_anothers(const struct lease *lease)
{
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(CALL_LIMIT_US);
    AUTO(db_tx_end) struct db_tx tx = {0};
    AUTO(db_rows_end) struct db_rows rows = {0};

    struct status st = db_read_begin(&tx, lease->db);
    if (status_ok(&st))
        st = db_query(&tx,
                      "SELECT 1 FROM lease "
                      "WHERE name = ? AND owner <> ? AND until_at >= UTC_TIMESTAMP(6)",
                      DB_ARGS(DB_TEXT(lease->name), DB_TEXT(lease->owner)), &rows);
    return status_ok(&st) && rows.count;
}

/* Who does not hold it looks often, so that one that was given back is not left for long. */
static void keep(void *arg)
{
    struct lease *lease = arg;
    struct status st = STATUS_OK;

    while (status_ok(&st)) {
        if (lease_is_held(lease) || !is_anothers(lease))
            renew(lease);
        const int64_t pause_ms = lease->held_until_us ? LEASE_RENEW_MS : LEASE_LOOK_MS;
        st = task_sleep_us(pause_ms * CLOCK_US_PER_MS);
    }
}

static struct status give_back(struct lease *lease)
{
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(CALL_LIMIT_US);
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_tx_begin(&tx, lease->db));
    TRY(db_exec(&tx,
                "UPDATE lease SET owner = '', until_at = '2000-01-01' WHERE name = ? AND owner = ?",
                DB_ARGS(DB_TEXT(lease->name), DB_TEXT(lease->owner)), NULL));
    return db_tx_commit(&tx);
}

struct lease *lease_start(struct db *db, const char *name, const char *owner)
{
    struct lease *lease = mem_new(struct lease);

    lease->db = db;
    lease->name = name;
    lease->owner = owner;
    lease->task_name = mem_printf("lease %s", name);
    lease->task = task_spawn(lease->task_name, keep, lease);
    BUG_ON(!lease->task);
    return lease;
}

void lease_stop(struct lease *lease)
{
    task_stop(lease->task);
    if (lease_is_held(lease))
        status_ignore(give_back(lease), "it runs out by itself");
    mem_free(lease->task_name);
    mem_free(lease);
}

bool lease_is_held(const struct lease *lease)
{
    return clock_boot_us() < lease->held_until_us;
}

struct status lease_wait(struct lease *lease)
{
    while (!lease_is_held(lease))
        TRY(wait_queue_wait(&lease->taken, "lease"));
    return STATUS_OK;
}

uint64_t lease_term(const struct lease *lease)
{
    return lease->term;
}
