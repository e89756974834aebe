#include "patterns/cron.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "io/db.h"
#include "observe/metrics.h"
#include "patterns/cron_repo.h"
#include "patterns/cron_run.h"
#include "patterns/periodic.h"
#include "run/task.h"

enum { LOOK_LIMIT_MS = 5 * 1000 };

struct entry {
    struct cron_run run;
    struct cron_row row; /* as it was at the last look */
    struct task *task;   /* of a run that is under way, or has just ended */
    bool is_running;
};

struct cron {
    struct db *db;
    struct periodic *looking;
    struct metric_family *last_success;
    bool is_declared;
    size_t count;
    struct entry entries[CRON_JOBS_MAX];
    const char *names[CRON_JOBS_MAX];
};

/* Rows. */

/* Where another process inserts it at the same time, the next look finds it. */
static struct status declare(struct cron *cron, const struct cron_job *job)
{
    AUTO(db_tx_end) struct db_tx tx = {0};
    struct cron_row row;
    bool found;

    TRY(db_tx_begin(&tx, cron->db));
    TRY(cron_repo_lock(&tx, job->name, &row, &found));
    if (!cron_declare(&row.state, &job->schedule, row.now_us))
        return STATUS_OK;
    if (found)
        TRY(cron_repo_save(&tx, &row));
    else
        TRY(cron_repo_insert(&tx, &row));
    return db_tx_commit(&tx);
}

static struct status declare_all(struct cron *cron)
{
    for (size_t i = 0; i < cron->count; i++) {
        const struct status st = declare(cron, cron->entries[i].run.job);
        if (!status_is(&st, "DUPLICATE_KEY"))
            TRY(st);
    }
    return STATUS_OK;
}

static void keep_row(struct cron *cron, const struct cron_row *row)
{
    for (size_t i = 0; i < cron->count; i++)
        if (strcmp(cron->names[i], row->name) == 0)
            cron->entries[i].row = *row;
    if (row->state.succeeded_us)
        metric_set(metric_series(cron->last_success, row->name),
                   (double)row->state.succeeded_us / CLOCK_US_PER_S);
}

static struct status read_rows(struct cron *cron)
{
    AUTO(mem_freep) struct cron_row *rows = mem_calloc(cron->count, sizeof *rows);
    size_t count = 0;

    TRY(cron_repo_list(cron->db, cron->names, cron->count, rows, &count));
    for (size_t i = 0; i < cron->count; i++)
        cron->entries[i].row = (struct cron_row){0};
    for (size_t i = 0; i < count; i++)
        keep_row(cron, &rows[i]);
    cron->is_declared = count == cron->count; /* somebody may delete one */
    return STATUS_OK;
}

/* Runs. */

static void run(void *arg)
{
    struct entry *entry = arg;

    cron_run_if_due(&entry->run);
    entry->is_running = false;
}

/* Without room for a task it is due still at the next look. */
static void start_if_due(struct entry *entry)
{
    if (entry->is_running || !entry->row.now_us ||
        !cron_is_due(&entry->row.state, entry->row.now_us))
        return;
    task_stop(entry->task); /* of the run before */
    entry->task = task_spawn("cron", run, entry);
    entry->is_running = entry->task;
}

static struct status look(void *arg, bool *ret_more)
{
    struct cron *cron = arg;
    (void)ret_more;

    if (!cron->is_declared)
        TRY(declare_all(cron));
    TRY(read_rows(cron));
    for (size_t i = 0; i < cron->count; i++)
        start_if_due(&cron->entries[i]);
    return STATUS_OK;
}

/* Life. */

static void add_job(struct cron *cron, const struct cron_run *run)
{
    const struct cron_schedule *schedule = &run->job->schedule;

    BUG_ON(cron->count == CRON_JOBS_MAX || strlen(run->job->name) > CRON_NAME_MAX ||
           schedule->period_s < 1 || schedule->offset_s < 0 ||
           schedule->offset_s >= schedule->period_s);
    cron->names[cron->count] = run->job->name;
    cron->entries[cron->count].run = *run;
    cron->count++;
}

struct cron *cron_start(struct db *db, const char *owner, const struct cron_table *tables,
                        size_t table_count)
{
    struct cron *cron = mem_new(struct cron);
    struct cron_run run = {.db = db, .owner = owner};

    run.runs = metric_family(METRIC_COUNTER, "souk_cron_runs_total", "job,outcome",
                             "Runs of jobs that have their times");
    cron->db = db;
    cron->last_success = metric_family(METRIC_GAUGE, "souk_cron_last_success_timestamp_seconds",
                                       "job", "When a job last succeeded, in whichever process");
    for (size_t t = 0; t < table_count; t++)
        for (size_t i = 0; i < tables[t].count; i++) {
            run.job = &tables[t].jobs[i];
            run.arg = tables[t].arg;
            add_job(cron, &run);
        }
    if (cron->count)
        cron->looking = periodic_start(&(struct periodic_config){.name = "cron",
                                                                 .period_ms = CRON_LOOK_MS,
                                                                 .limit_ms = LOOK_LIMIT_MS,
                                                                 .run = look,
                                                                 .arg = cron});
    return cron;
}

void cron_stop(struct cron *cron)
{
    if (!cron)
        return;
    periodic_stop(cron->looking);
    for (size_t i = 0; i < cron->count; i++)
        task_cancel(cron->entries[i].task);
    for (size_t i = 0; i < cron->count; i++)
        task_stop(cron->entries[i].task);
    mem_free(cron);
}

static json_t *time_json(int64_t unix_us)
{
    char text[CLOCK_RFC3339_MAX];

    if (!unix_us)
        return json_null();
    clock_rfc3339(unix_us, text);
    return json_string(text);
}

static json_t *row_json(const struct cron_row *row)
{
    const struct cron_state *state = &row->state;

    return json_pack("{s:s, s:s, s:o, s:s, s:o, s:o, s:o, s:s, s:s, s:i}", "job", row->name,
                     "schedule", state->schedule, "next_at", time_json(state->next_us), "holder",
                     state->holder, "last_started_at", time_json(state->started_us),
                     "last_ended_at", time_json(state->ended_us), "last_ok_at",
                     time_json(state->succeeded_us), "outcome", state->outcome, "detail",
                     state->detail, "failures", (int)state->failures);
}

void cron_show(const struct cron *cron, struct str *to)
{
    json_t *jobs = json_array();

    for (size_t i = 0; cron && i < cron->count; i++)
        if (cron->entries[i].row.now_us)
            json_array_append_new(jobs, row_json(&cron->entries[i].row));
    char *text = json_dumps(jobs, JSON_INDENT(2));
    str_printf(to, "%s\n", text);
    free(text);
    json_decref(jobs);
}
