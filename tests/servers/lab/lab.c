/*
 * lab: a service with nothing of its own, for tests that kill processes: it relays, consumes and
 * runs sagas as all services do, and writes down what it was asked to do. Tests tell it to fail or
 * to take its time by rows in `lab_fault`; tests/servers/lab/tables.sql has all tables.
 *
 * Events: order.cancelled, each a row in `lab_handled`, and the highest version of each order in
 * `lab_version`: a reaction and a projection. Sagas of the kind "lab": a, b, then the
 * pivot c, then d. Every call of a step is a row in `lab_call`; what it brought about one in
 * `lab_effect`, at most once, and not at all when it was undone before. Jobs of cron: each run is a
 * row in `lab_run`.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "app/service.h"
#include "base/clock.h"
#include "base/mem.h"
#include "io/db.h"
#include "run/task.h"
#include "souk/inventory/v1/inventory.types.h"
#include "souk/order/v1/events.types.h"

/*
 * This machine's clock as the test sets it, for libcommon alone: by so many seconds as stand in the
 * file that LAB_CLOCK_FILE names.
 */
int clock_gettime(clockid_t id, struct timespec *ret)
{
    static const int64_t *step_s;
    const int result = (int)syscall(SYS_clock_gettime, id, ret);
    const char *name = getenv("LAB_CLOCK_FILE");

    if (id != CLOCK_REALTIME || !name)
        return result;
    if (!step_s) {
        const int file = open(name, O_RDONLY | O_CLOEXEC);
        step_s = mmap(NULL, sizeof *step_s, PROT_READ, MAP_SHARED, file, 0);
        close(file);
        BUG_ON(step_s == MAP_FAILED);
    }
    ret->tv_sec += *step_s;
    return result;
}

struct lab {
    struct db *db;
};

struct fault {
    int64_t code, sleep_ms;
    bool is_deaf;
};

static struct status read_fault(struct db *db, const char *name, struct fault *ret)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    AUTO(db_rows_end) struct db_rows rows = {0};

    *ret = (struct fault){0};
    TRY(db_read_begin(&tx, db));
    TRY(db_query(&tx, "SELECT code, sleep_ms, is_deaf FROM lab_fault WHERE name = ?",
                 DB_ARGS(DB_TEXT(name)), &rows));
    if (db_rows_next(&rows))
        *ret = (struct fault){db_get_i64(&rows, 0), db_get_i64(&rows, 1), db_get_i64(&rows, 2)};
    return STATUS_OK;
}

static struct status sleep_deaf(int64_t us)
{
    AUTO(task_shield_end) struct task_shield shield = task_shield_in_us(2 * us);

    return task_sleep_us(us);
}

/* Does what the row of this name says, if there is one. */
static struct status suffer(struct db *db, const char *name)
{
    struct fault fault;

    TRY(read_fault(db, name, &fault));
    const int64_t sleep_us = fault.sleep_ms * CLOCK_US_PER_MS;
    if (sleep_us)
        TRY(fault.is_deaf ? sleep_deaf(sleep_us) : task_sleep_us(sleep_us));
    if (!fault.code)
        return STATUS_OK;
    return status_error((enum code)fault.code, fault.code == CODE_UNAVAILABLE ? NULL : "SOLD_OUT",
                        "told to");
}

/* Events. */

static struct status on_cancelled(void *app, struct db_tx *tx, const struct consumer_event *event)
{
    const struct lab *lab = app;
    const OrderCancelled *cancelled = (const OrderCancelled *)event->message;

    TRY(db_exec(
        tx, "INSERT INTO lab_handled (event_id, order_id, version) VALUES (?, ?, ?)",
        DB_ARGS(DB_TEXT(event->id), DB_I64(cancelled->order_id), DB_I64(cancelled->version)),
        NULL));
    return suffer(lab->db,
                  arena_printf(event->arena, "handle %lld", (long long)cancelled->order_id));
}

static struct status project(const struct lab *lab, struct db_tx *tx,
                             const struct consumer_event *event)
{
    const OrderCancelled *cancelled = (const OrderCancelled *)event->message;
    const char *fault = arena_printf(event->arena, "project %lld/%lld",
                                     (long long)cancelled->order_id, (long long)cancelled->version);

    TRY(db_exec(tx,
                "INSERT INTO lab_version (order_id, version) VALUES (?, ?) "
                "ON DUPLICATE KEY UPDATE version = GREATEST(version, VALUES(version))",
                DB_ARGS(DB_I64(cancelled->order_id), DB_I64(cancelled->version)), NULL));
    return suffer(lab->db, fault);
}

static struct status take_versions(void *app, struct db_tx *tx, const struct consumer_event *events,
                                   size_t count)
{
    for (size_t i = 0; i < count; i++)
        TRY(project(app, tx, &events[i]));
    return STATUS_OK;
}

static const struct event_route routes[] = {{&order_cancelled_event, on_cancelled}};
static const struct event_route projected[] = {{&order_cancelled_event, NULL}};
static const struct consumer_config consumers[] = {
    {.name = "lab.events", .routes = routes, .route_count = ARRAY_LEN(routes)},
    {.name = "lab.versions",
     .routes = projected,
     .route_count = ARRAY_LEN(projected),
     .batch_handler = take_versions},
};

/* Sagas. */

static struct status note_call(struct db *db, int64_t saga_id, const char *what)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_tx_begin(&tx, db));
    TRY(db_exec(&tx, "INSERT INTO lab_call (saga_id, what, pid) VALUES (?, ?, ?)",
                DB_ARGS(DB_I64(saga_id), DB_TEXT(what), DB_I64(getpid())), NULL));
    return db_tx_commit(&tx);
}

/* An undo that came first is in the way. */
static struct status write_effect(struct db_tx *tx, int64_t saga_id, const char *step)
{
    AUTO(db_rows_end) struct db_rows rows = {0};

    TRY(db_exec(tx,
                "INSERT INTO lab_effect (saga_id, step, undone) VALUES (?, ?, 0) "
                "ON DUPLICATE KEY UPDATE step = VALUES(step)",
                DB_ARGS(DB_I64(saga_id), DB_TEXT(step)), NULL));
    TRY(db_query(tx, "SELECT undone FROM lab_effect WHERE saga_id = ? AND step = ?",
                 DB_ARGS(DB_I64(saga_id), DB_TEXT(step)), &rows));
    if (db_rows_next(&rows) && db_get_i64(&rows, 0))
        return status_error(CODE_FAILED_PRECONDITION, "SOLD_OUT", "%s was undone", step);
    return STATUS_OK;
}

/* Does it, and is then told to fail, so that failures have traces. */
static struct status act(struct saga *saga, const char *step)
{
    const struct lab *lab = saga->app;
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(note_call(lab->db, saga->id, step));
    TRY(db_tx_begin(&tx, lab->db));
    TRY(write_effect(&tx, saga->id, step));
    TRY(db_tx_commit(&tx));
    return suffer(lab->db, step);
}

static struct status undo(struct saga *saga, const char *step)
{
    const struct lab *lab = saga->app;
    AUTO(db_tx_end) struct db_tx tx = {0};
    const char *what = arena_printf(saga->arena, "undo %s", step);

    TRY(note_call(lab->db, saga->id, what));
    TRY(suffer(lab->db, what));
    TRY(db_tx_begin(&tx, lab->db));
    TRY(db_exec(&tx,
                "INSERT INTO lab_effect (saga_id, step, undone) VALUES (?, ?, 1) "
                "ON DUPLICATE KEY UPDATE undone = 1",
                DB_ARGS(DB_I64(saga->id), DB_TEXT(step)), NULL));
    return db_tx_commit(&tx);
}

static struct status do_a(struct saga *saga)
{
    return act(saga, "a");
}

static struct status undo_a(struct saga *saga)
{
    return undo(saga, "a");
}

static struct status do_b(struct saga *saga)
{
    return act(saga, "b");
}

static struct status undo_b(struct saga *saga)
{
    return undo(saga, "b");
}

static struct status do_c(struct saga *saga)
{
    const struct lab *lab = saga->app;
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(note_call(lab->db, saga->id, "c"));
    TRY(suffer(lab->db, "before c"));
    TRY(db_tx_begin(&tx, lab->db));
    TRY(write_effect(&tx, saga->id, "c"));
    TRY(saga_pass_pivot(saga, &tx));
    TRY(db_tx_commit(&tx));
    return suffer(lab->db, "after c");
}

static struct status do_d(struct saga *saga)
{
    return act(saga, "d");
}

static const struct saga_step steps[] = {
    {"a", do_a, undo_a},
    {"b", do_b, undo_b},
    {"c", do_c, NULL},
    {"d", do_d, NULL},
};

static const struct saga_kind lab_saga = {
    .name = "lab",
    .state = &souk__inventory__v1__stock__descriptor,
    .steps = steps,
    .step_count = ARRAY_LEN(steps),
    .pivot = 2,
    .deadline_ms = 60 * 1000,
};

static const struct saga_kind *const sagas[] = {&lab_saga};

/* Jobs. */

/* The database's clock says when. */
static struct status note_run(struct db *db, const char *job, int64_t slot_us)
{
    AUTO(db_tx_end) struct db_tx tx = {0};

    TRY(db_tx_begin(&tx, db));
    TRY(db_exec(&tx,
                "INSERT INTO lab_run (job, slot_at, pid, began_at) "
                "VALUES (?, ?, ?, UTC_TIMESTAMP(6))",
                DB_ARGS(DB_TEXT(job), DB_TIME(slot_us), DB_I64(getpid())), NULL));
    return db_tx_commit(&tx);
}

static struct status run_job(const struct lab *lab, const char *job, int64_t slot_us)
{
    TRY(note_run(lab->db, job, slot_us));
    return suffer(lab->db, job);
}

static struct status often(void *app, int64_t slot_us)
{
    return run_job(app, "lab.often", slot_us);
}

static struct status daily(void *app, int64_t slot_us)
{
    return run_job(app, "lab.daily", slot_us);
}

static struct status brief(void *app, int64_t slot_us)
{
    return run_job(app, "lab.brief", slot_us);
}

/* Those with an hour are due when a test makes them so: none of its hours comes while it runs. */
static int daily_hour(void)
{
    const char *told = getenv("LAB_DAILY_HOUR");

    return told ? (int)strtol(told, NULL, 10) : 3;
}

static struct status start(struct service *service, void **ret_app)
{
    struct lab *lab = mem_new(struct lab);

    lab->db = service_db(service);
    *ret_app = lab;
    return STATUS_OK;
}

int main(int argc, char **argv)
{
    const int hour = daily_hour();
    const struct cron_job cron_jobs[] = {
        {.name = "lab.often", .schedule = CRON_EVERY_S(1), .limit_ms = 60 * 1000, .run = often},
        {.name = "lab.daily",
         .schedule = CRON_DAILY(hour, 47),
         .limit_ms = 60 * 1000,
         .run = daily},
        {.name = "lab.brief", .schedule = CRON_DAILY(hour, 13), .limit_ms = 200, .run = brief},
    };
    const struct service_description description = {
        .name = "lab",
        .id = 15,
        .needs = SERVICE_OUTBOX | SERVICE_INBOX | SERVICE_SAGAS,
        .consumers = consumers,
        .consumer_count = ARRAY_LEN(consumers),
        .cron_jobs = cron_jobs,
        .cron_job_count = ARRAY_LEN(cron_jobs),
        .sagas = sagas,
        .saga_count = ARRAY_LEN(sagas),
        .start = start,
        .stop = mem_free,
    };
    return service_main(&description, argc, argv);
}
