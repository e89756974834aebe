#include "run/loop.h"

#include <event2/event.h>
#include <pthread.h>

#include "base/clock.h"
#include "tests/unit/in_task.h"

static int calls;

static void count(void *arg)
{
    (void)arg;
    calls++;
}

static void wait_for_calls(int wanted)
{
    const int64_t until_us = clock_mono_us() + 60 * CLOCK_US_PER_S;

    while (calls < wanted && clock_mono_us() < until_us)
        expect_ok(task_sleep_us(100));
    expect_int_equal(calls, wanted);
}

static void body_times(void)
{
    struct loop_timer *timer = loop_timer_new(in_task_now.loop, count, NULL);
    const int64_t before_us = clock_mono_us();

    calls = 0;
    loop_timer_start(timer, 20000);
    wait_for_calls(1);
    /* libevent reads the kernel's coarse clock, which moves every 4 ms. */
    expect_true(clock_mono_us() - before_us >= 20000 - 4000);
    loop_timer_start(timer, 0);
    wait_for_calls(2);
    loop_timer_free(timer);
    loop_timer_free(NULL);
}

static void a_timer_runs_once_each_time_it_was_started(void **state)
{
    in_task(body_times);
}

static void body_moves_and_stops(void)
{
    struct loop_timer *moved = loop_timer_new(in_task_now.loop, count, NULL);
    struct loop_timer *stopped = loop_timer_new(in_task_now.loop, count, NULL);
    struct loop_timer *freed = loop_timer_new(in_task_now.loop, count, NULL);

    calls = 0;
    loop_timer_start(moved, 1000);
    loop_timer_start(moved, 60 * CLOCK_US_PER_S);
    loop_timer_start(stopped, 1000);
    loop_timer_stop(stopped);
    loop_timer_stop(stopped);
    loop_timer_start(freed, 1000);
    loop_timer_free(freed);
    expect_ok(task_sleep_us(5000));
    expect_int_equal(calls, 0);
    loop_timer_free(moved);
    loop_timer_free(stopped);
}

static void a_timer_can_be_moved_stopped_and_freed_before_it_runs(void **state)
{
    in_task(body_moves_and_stops);
}

static struct loop_timer *one_shot;

static void frees_its_timer(void *arg)
{
    (void)arg;
    loop_timer_free(one_shot);
    calls++;
}

static void body_frees_in_callback(void)
{
    calls = 0;
    one_shot = loop_timer_new(in_task_now.loop, frees_its_timer, NULL);
    loop_timer_start(one_shot, 0);
    wait_for_calls(1);
}

static void a_timer_may_free_itself(void **state)
{
    in_task(body_frees_in_callback);
}

static void *rings(void *wakeup)
{
    for (int i = 0; i < 1000; i++)
        loop_wakeup_ring(wakeup);
    return NULL;
}

static void body_rung_by_threads(void)
{
    struct loop_wakeup *wakeup;
    pthread_t threads[3];
    const uint64_t one = 1;

    calls = 0;
    expect_ok(loop_wakeup_new(in_task_now.loop, count, NULL, &wakeup));
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        pthread_create(&threads[i], NULL, rings, wakeup);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        pthread_join(threads[i], NULL);
    calls = 0; /* the last ring was after any call so far */
    loop_wakeup_ring(wakeup);
    wait_for_calls(1);
    expect_ok(task_sleep_us(1000));
    expect_int_equal(calls, 1);
    expect_int_equal(write(loop_wakeup_fd(wakeup), &one, sizeof one), sizeof one);
    wait_for_calls(2);
    loop_wakeup_free(wakeup);
    loop_wakeup_free(NULL);
}

static void after_any_number_of_rings_a_wakeup_runs(void **state)
{
    in_task(body_rung_by_threads);
}

static void body_gets_a_signal(void)
{
    calls = 0;
    loop_on_signal(in_task_now.loop, SIGUSR1, count, NULL);
    raise(SIGUSR1);
    wait_for_calls(1);
    raise(SIGUSR1);
    wait_for_calls(2);
}

static void a_signal_is_handled_in_the_loop(void **state)
{
    in_task(body_gets_a_signal);
}

static void body_writes_to_nobody(void)
{
    int ends[2];

    expect_int_equal(pipe(ends), 0);
    close(ends[0]);
    expect_true(write(ends[1], "x", 1) < 0);
    close(ends[1]);
}

static void a_peer_that_went_away_does_not_kill_the_process(void **state)
{
    in_task(body_writes_to_nobody);
}

static char order[16];

static void note_first(void *arg)
{
    (void)arg;
    strcat(order, "1");
}

static void note_round_end(void *arg)
{
    (void)arg;
    strcat(order, "e");
}

static void notes_task(void *arg)
{
    (void)arg;
    strcat(order, "t");
}

static void body_ends_rounds(void)
{
    *order = '\0';
    loop_on_round_end(in_task_now.loop, note_round_end, NULL);
    struct task *task = task_spawn("notes", notes_task, NULL);
    expect_ok(task_join(task)); /* this round ends, it runs in the next, that ends, we are joined */
    expect_string_equal(order, "ete");
    loop_off_round_end(in_task_now.loop, note_round_end, NULL);
    expect_ok(task_yield());
    expect_string_equal(order, "ete");
}

static void at_the_end_of_each_round_hooks_run(void **state)
{
    in_task(body_ends_rounds);
}

static void body_events_between_tasks(void)
{
    struct loop_timer *timer = loop_timer_new(in_task_now.loop, note_first, NULL);

    *order = '\0';
    loop_timer_start(timer, 0);
    for (int i = 0; i < 1000 && !*order; i++)
        expect_ok(task_yield()); /* always ready, and yet events have their turn */
    expect_string_equal(order, "1");
    loop_timer_free(timer);
}

static void tasks_that_are_always_ready_do_not_keep_events_out(void **state)
{
    in_task(body_events_between_tasks);
}

static void stop(void *loop)
{
    loop_stop(loop);
}

static void a_stop_ends_the_loop_and_it_can_run_again(void **state)
{
    struct loop *loop;

    assert_ok(loop_new(&loop));
    struct loop_timer *timer = loop_timer_new(loop, stop, loop);
    loop_timer_start(timer, 0);
    loop_run(loop);
    loop_timer_start(timer, 0);
    loop_run(loop);
    loop_timer_free(timer);
    loop_free(loop);
}

static void a_duration_is_a_timeval_as_libevent_wants_it(void **state)
{
    assert_int_equal(loop_timeval(2500000).tv_sec, 2);
    assert_int_equal(loop_timeval(2500000).tv_usec, 500000);
    assert_int_equal(loop_timeval(999999).tv_usec, 999999);
    assert_int_equal(loop_timeval(-1).tv_sec, 0);
    assert_int_equal(loop_timeval(-1).tv_usec, 0);
}

UNIT_TESTS(a_timer_runs_once_each_time_it_was_started,
           a_timer_can_be_moved_stopped_and_freed_before_it_runs, a_timer_may_free_itself,
           after_any_number_of_rings_a_wakeup_runs, a_signal_is_handled_in_the_loop,
           a_peer_that_went_away_does_not_kill_the_process, at_the_end_of_each_round_hooks_run,
           tasks_that_are_always_ready_do_not_keep_events_out,
           a_stop_ends_the_loop_and_it_can_run_again, a_duration_is_a_timeval_as_libevent_wants_it)
