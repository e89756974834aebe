#include "patterns/saga_ends.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/backoff.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/mem.h"
#include "base/random.h"
#include "io/db.h"
#include "observe/log.h"
#include "patterns/saga_store.h"
#include "run/task.h"

enum {
    PAUSE_FIRST_US = 100 * 1000,
    PAUSE_MOST_US = 1000 * 1000,
    CALL_LIMIT_US = 3 * 1000 * 1000,
    ARENA_MAX = 1024 * 1024,
};

struct saga_ends {
    struct db *db;
    const char *owner;
    struct task *task;
    bool sleeping;
    size_t count;
    int64_t ids[SAGA_ENDS_MAX];
};

/* In the order of ids, as all that lock several rows. More may be added while it is written. */
static struct status write_some(struct saga_ends *ends)
{
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(CALL_LIMIT_US);
    const size_t count = ends->count < DB_SET_MAX ? ends->count : DB_SET_MAX;
    AUTO(arena_freep) struct arena *arena = arena_new(ARENA_MAX);
    int64_t *ids = arena_dup(arena, ends->ids, count * sizeof *ids);

    qsort(ids, count, sizeof *ids, id_order);
    TRY(saga_store_end_many(ends->db, ends->owner, ids, count, arena));
    ends->count -= count;
    memmove(ends->ids, ends->ids + count, ends->count * sizeof *ends->ids);
    return STATUS_OK;
}

static struct status write_all(struct saga_ends *ends)
{
    while (ends->count)
        TRY(write_some(ends));
    return STATUS_OK;
}

static void wait_for_some(struct saga_ends *ends)
{
    ends->sleeping = true;
    while (!ends->count && task_check().code != CODE_CANCELLED)
        status_ignore(task_park("sagas that ended"), "woken or not, it looks");
    ends->sleeping = false;
}

static void run(void *arg)
{
    struct saga_ends *ends = arg;
    struct backoff pause = backoff_between(PAUSE_FIRST_US, PAUSE_MOST_US);
    int64_t pause_us = SAGA_ENDS_GATHER_MS * CLOCK_US_PER_MS;

    for (;;) {
        wait_for_some(ends);
        if (task_sleep_us(pause_us).code != CODE_OK)
            return;
        const struct status st = write_all(ends);
        pause_us = SAGA_ENDS_GATHER_MS * CLOCK_US_PER_MS;
        if (status_ok(&st)) {
            backoff_reset(&pause);
        } else if (st.code != CODE_CANCELLED) {
            log_warn("ends of sagas not written, trying again", LOG_STATUS(st));
            pause_us = backoff_next_us(&pause, random_u64());
        }
    }
}

struct saga_ends *saga_ends_start(struct db *db, const char *owner)
{
    struct saga_ends *ends = mem_new(struct saga_ends);

    ends->db = db;
    ends->owner = owner;
    ends->task = task_spawn("saga ends", run, ends);
    BUG_ON(!ends->task);
    return ends;
}

void saga_ends_stop(struct saga_ends *ends)
{
    task_stop(ends->task);
    status_ignore(write_all(ends), "their leases run out, and they are resumed");
    mem_free(ends);
}

bool saga_ends_add(struct saga_ends *ends, int64_t id)
{
    if (ends->count == SAGA_ENDS_MAX)
        return false;
    ends->ids[ends->count++] = id;
    if (ends->sleeping)
        task_wake(ends->task);
    return true;
}
