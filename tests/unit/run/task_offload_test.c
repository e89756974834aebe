#include "run/task_offload.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/mem.h"
#include "tests/unit/in_task.h"

/* A piece of work that begins and ends when the test says so. */
struct piece {
    sem_t *may_end; /* NULL: at once */
    pthread_t ran_on;
    int answer;
};

static sem_t began;
static atomic_int drops, runs;

static void run_piece(void *arg)
{
    struct piece *piece = arg;

    atomic_fetch_add(&runs, 1);
    sem_post(&began);
    if (piece->may_end)
        sem_wait(piece->may_end);
    piece->ran_on = pthread_self();
    piece->answer = 42;
}

static void drop_piece(void *arg)
{
    atomic_fetch_add(&drops, 1);
    mem_free(arg);
}

static struct offload_work work_of(sem_t *may_end)
{
    struct piece *piece = mem_new(struct piece);

    piece->may_end = may_end;
    return (struct offload_work){"a piece", run_piece, drop_piece, piece};
}

static void begin_test(void)
{
    sem_init(&began, 0, 0);
    drops = 0;
    runs = 0;
}

static void body_offloads(void)
{
    const struct offload_work work = work_of(NULL);
    struct piece *piece = work.arg;

    expect_ok(task_offload(&work));
    expect_int_equal(piece->answer, 42);
    expect_true(!pthread_equal(piece->ran_on, pthread_self()));
    mem_free(piece);
    expect_int_equal(drops, 0);
}

static void work_runs_on_another_thread_and_comes_back_with_its_results(void **state)
{
    begin_test();
    in_task(body_offloads);
}

static int turns;

static void takes_turns(void *arg)
{
    sem_t *may_end = arg;

    for (turns = 0; turns < 100; turns++)
        expect_ok(task_yield());
    sem_post(may_end);
}

static void body_goes_on(void)
{
    sem_t may_end;
    sem_init(&may_end, 0, 0);
    const struct offload_work work = work_of(&may_end);

    expect_true(task_go("turns", takes_turns, &may_end));
    expect_ok(task_offload(&work));
    expect_int_equal(turns, 100);
    mem_free(work.arg);
}

static void the_loop_turns_while_work_is_under_way(void **state)
{
    begin_test();
    in_task(body_goes_on);
}

static void body_leaves(void)
{
    sem_t may_end;
    sem_init(&may_end, 0, 0);
    const struct offload_work work = work_of(&may_end);
    {
        AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(20 * 1000);
        expect_code(task_offload(&work), DEADLINE_EXCEEDED);
    }
    sem_wait(&began);
    expect_int_equal(drops, 0); /* it is still used over there */
    sem_post(&may_end);
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(60 * CLOCK_US_PER_S);
    while (!drops)
        expect_ok(task_sleep_us(1000));
    expect_int_equal(drops, 1);
}

static void work_that_outlives_its_caller_is_dropped_when_it_ends(void **state)
{
    begin_test();
    in_task(body_leaves);
}

struct crowd {
    sem_t may_end;
    int refused;
    int left;
};

static void offload_in_crowd(void *arg)
{
    struct crowd *crowd = arg;
    const struct offload_work work = work_of(&crowd->may_end);
    const struct status st = task_offload(&work);

    if (status_ok(&st))
        mem_free(work.arg);
    crowd->refused += st.code == CODE_RESOURCE_EXHAUSTED;
    crowd->left += st.code == CODE_CANCELLED;
}

enum { CROWD = OFFLOAD_THREADS + OFFLOAD_WAITING_MAX };

static void body_crowds(void)
{
    struct crowd crowd = {0};
    struct task *tasks[CROWD];
    sem_init(&crowd.may_end, 0, 0);

    for (int i = 0; i < OFFLOAD_THREADS; i++)
        tasks[i] = task_spawn("holds a thread", offload_in_crowd, &crowd);
    expect_ok(task_yield());
    for (int i = 0; i < OFFLOAD_THREADS; i++)
        sem_wait(&began);
    for (int i = OFFLOAD_THREADS; i < CROWD; i++)
        tasks[i] = task_spawn("waits", offload_in_crowd, &crowd);
    expect_ok(task_yield());

    const struct offload_work work = work_of(NULL);
    expect_code(task_offload(&work), RESOURCE_EXHAUSTED);
    expect_int_equal(drops, 1);

    for (int i = OFFLOAD_THREADS; i < CROWD; i++)
        task_stop(tasks[i]);
    expect_int_equal(crowd.left, OFFLOAD_WAITING_MAX);
    expect_int_equal(drops, 1 + OFFLOAD_WAITING_MAX);
    for (int i = 0; i < OFFLOAD_THREADS; i++)
        sem_post(&crowd.may_end);
    for (int i = 0; i < OFFLOAD_THREADS; i++)
        expect_ok(task_join(tasks[i]));
    expect_int_equal(runs, OFFLOAD_THREADS);
    expect_int_equal(crowd.refused, 0);
}

static void beyond_the_line_work_is_refused_and_what_never_began_never_runs(void **state)
{
    begin_test();
    in_task(body_crowds);
}

static void cancels_itself(void *arg)
{
    const struct offload_work work = work_of(NULL);

    *(enum code *)arg = CODE_OK;
    task_cancel(task_self());
    *(enum code *)arg = task_offload(&work).code;
}

static void body_was_cancelled(void)
{
    enum code code;
    struct task *task = task_spawn("cancelled", cancels_itself, &code);

    expect_ok(task_join(task));
    expect_int_equal(code, CODE_CANCELLED);
    expect_int_equal(runs, 0);
    expect_int_equal(drops, 1);
}

static void a_cancelled_task_begins_nothing(void **state)
{
    begin_test();
    in_task(body_was_cancelled);
}

static sem_t caller_left, may_end_now;

static void *lets_it_end(void *unused)
{
    (void)unused;
    sem_wait(&began);
    sem_wait(&caller_left);
    sem_post(&may_end_now);
    return NULL;
}

static void body_ends_first(void)
{
    const struct offload_work work = work_of(&may_end_now);
    {
        AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(50 * 1000);
        expect_code(task_offload(&work), DEADLINE_EXCEEDED);
    }
    sem_post(&caller_left);
}

static void the_end_of_the_loop_waits_for_what_still_runs(void **state)
{
    pthread_t thread;

    begin_test();
    sem_init(&caller_left, 0, 0);
    sem_init(&may_end_now, 0, 0);
    assert_int_equal(pthread_create(&thread, NULL, lets_it_end, NULL), 0);
    in_task(body_ends_first);
    assert_int_equal(drops, 1);
    if (!runs)
        sem_post(&began);
    pthread_join(thread, NULL);
}

UNIT_TESTS(work_runs_on_another_thread_and_comes_back_with_its_results,
           the_loop_turns_while_work_is_under_way,
           work_that_outlives_its_caller_is_dropped_when_it_ends,
           beyond_the_line_work_is_refused_and_what_never_began_never_runs,
           a_cancelled_task_begins_nothing, the_end_of_the_loop_waits_for_what_still_runs)
