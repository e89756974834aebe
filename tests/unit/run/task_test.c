#include "run/task.h"

#include <event2/event.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "observe/trace.h"
#include "run/sync.h"
#include "tests/unit/in_task.h"

static int order[16];
static int order_count;

static void note(int what)
{
    order[order_count++] = what;
}

static void child_notes_twice(void *arg)
{
    const int number = *(int *)arg;
    note(number);
    status_ignore(task_yield(), "a test of order");
    note(number + 10);
}

static void body_spawns_two(void)
{
    int one = 1, two = 2;
    struct task *first = task_spawn("first", child_notes_twice, &one);
    struct task *second = task_spawn("second", child_notes_twice, &two);

    order_count = 0;
    expect_ok(task_join(first));
    expect_ok(task_join(second));
    expect_int_equal(order_count, 4);
    expect_int_equal(order[0], 1);
    expect_int_equal(order[1], 2);
    expect_int_equal(order[2], 11);
    expect_int_equal(order[3], 12);
}

static void tasks_take_turns_in_the_order_they_were_made(void **state)
{
    in_task(body_spawns_two);
}

static void body_sleeps(void)
{
    const int64_t before_us = clock_mono_us();
    expect_ok(task_sleep_us(3000));
    expect_true(clock_mono_us() - before_us >= 3000);
}

static void a_sleep_is_never_shorter_than_asked(void **state)
{
    in_task(body_sleeps);
}

static void body_with_deadline(void)
{
    const int64_t before_us = clock_mono_us();
    {
        AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(2000);
        expect_code(task_sleep_us(60 * CLOCK_US_PER_S), DEADLINE_EXCEEDED);
        expect_code(task_park("nothing"), DEADLINE_EXCEEDED);
        AUTO(task_deadline_end) struct task_deadline longer = task_deadline_in_us(CLOCK_US_PER_S);
        expect_code(task_check(), DEADLINE_EXCEEDED);
    }
    expect_true(clock_mono_us() - before_us >= 2000);
    expect_ok(task_check());
    expect_true(task_deadline_us() == TASK_NO_DEADLINE);
}

static void a_deadline_ends_every_wait_in_its_scope_and_an_inner_one_cannot_widen_it(void **state)
{
    in_task(body_with_deadline);
}

static bool cleaned_up;

static void clean_up(int *unused)
{
    (void)unused;
    cleaned_up = true;
}

static enum code seen_in_sleep, seen_in_shield;

static void sleeps_long(void *arg)
{
    AUTO(clean_up) int guard = 0;
    (void)guard;
    (void)arg;
    seen_in_sleep = task_sleep_us(60 * CLOCK_US_PER_S).code;
    AUTO(task_shield_end) struct task_shield shield = task_shield_in_us(CLOCK_US_PER_S);
    seen_in_shield = task_sleep_us(1000).code;
}

static void body_cancels(void)
{
    struct task *task = task_spawn("sleeper", sleeps_long, NULL);

    cleaned_up = false;
    expect_ok(task_yield());
    task_cancel(task);
    task_cancel(task);
    expect_ok(task_join(task));
    expect_int_equal(seen_in_sleep, CODE_CANCELLED);
    expect_int_equal(seen_in_shield, CODE_OK);
    expect_true(cleaned_up);
}

static void cancel_unwinds_a_task_but_not_through_a_shield(void **state)
{
    in_task(body_cancels);
}

static void body_joins_late(void)
{
    struct task *task = task_spawn("sleeper", sleeps_long, NULL);
    {
        AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(1000);
        expect_code(task_join(task), DEADLINE_EXCEEDED);
    }
    task_cancel(task);
    expect_ok(task_join(task));
    expect_int_equal(task_count(), 1);
}

static void a_join_that_gives_up_leaves_the_task_to_its_owner(void **state)
{
    in_task(body_joins_late);
}

static void waits_for_fd(void *arg)
{
    short events = 0;
    expect_ok(task_wait_fd(*(int *)arg, EV_READ, &events));
    expect_int_equal(events, EV_READ);
}

static void body_waits_for_fd(void)
{
    int ends[2];
    short events;

    expect_int_equal(pipe(ends), 0);
    struct task *task = task_spawn("reader", waits_for_fd, &ends[0]);
    expect_ok(task_yield());
    expect_int_equal(write(ends[1], "x", 1), 1);
    expect_ok(task_join(task));
    {
        char byte;
        expect_int_equal(read(ends[0], &byte, 1), 1);
        AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(1000);
        expect_code(task_wait_fd(ends[0], EV_READ, &events), DEADLINE_EXCEEDED);
    }
    close(ends[0]);
    close(ends[1]);
}

static void a_task_waits_for_a_descriptor(void **state)
{
    in_task(body_waits_for_fd);
}

static void keeps_values(void *arg)
{
    const int number = (int)(intptr_t)arg;
    unsigned char text[512];
    const double half = number * 0.5;

    memset(text, number & 127, sizeof text);
    status_ignore(task_sleep_us(number % 7 * 100), "a test of stacks");
    expect_true(half == number * 0.5);
    for (size_t i = 0; i < sizeof text; i++)
        expect_int_equal(text[i], number & 127);
}

static void body_runs_many(void)
{
    struct task *tasks[500];

    for (int round = 0; round < 4; round++) {
        for (size_t i = 0; i < ARRAY_LEN(tasks); i++)
            tasks[i] = task_spawn("many", keeps_values, (void *)(intptr_t)i);
        for (size_t i = 0; i < ARRAY_LEN(tasks); i++)
            expect_ok(task_join(tasks[i]));
    }
    expect_int_equal(task_count(), 1);
}

static void many_tasks_keep_their_own_stacks(void **state)
{
    in_task(body_runs_many);
}

static void ends_at_once(void *arg)
{
    (void)arg;
}

static void body_fills_up(void)
{
    size_t made = 0;

    while (task_go("filler", ends_at_once, NULL))
        made++;
    expect_int_equal(made, TASKS_MAX - 1);
    expect_true(task_spawn("one more", ends_at_once, NULL) == NULL);
    expect_ok(task_yield());
    expect_true(task_go("room again", ends_at_once, NULL));
    expect_ok(task_yield());
}

static void beyond_the_most_tasks_work_is_refused(void **state)
{
    in_task(body_fills_up);
}

static void sees_request(void *arg)
{
    (void)arg;
    expect_string_equal(trace_current()->request_id, "r-1");
    strcpy(trace_current()->request_id, "mine");
}

static void body_traces(void)
{
    strcpy(trace_current()->request_id, "r-1");
    struct task *task = task_spawn("child", sees_request, NULL);
    expect_ok(task_join(task));
    expect_string_equal(trace_current()->request_id, "r-1");
}

static void a_task_inherits_the_trace_and_changes_only_its_own(void **state)
{
    in_task(body_traces);
}

static size_t waiting_for_join;

static void look(const char *name, const char *waits_for, void *arg)
{
    (void)arg;
    if (strcmp(name, "sleeper") == 0 && waits_for && strcmp(waits_for, "sleep") == 0)
        waiting_for_join++;
}

static void body_lists(void)
{
    struct task *task = task_spawn("sleeper", sleeps_long, NULL);

    waiting_for_join = 0;
    expect_ok(task_yield());
    task_each(look, NULL);
    expect_int_equal(waiting_for_join, 1);
    task_cancel(task);
    expect_ok(task_join(task));
}

static void a_dump_says_what_each_task_waits_for(void **state)
{
    in_task(body_lists);
}

static void uses_stack(void *arg)
{
    volatile char much[40 * 1024];

    for (size_t i = 0; i < sizeof much; i++)
        much[i] = 1;
    expect_ok(task_sleep_us(0));
    *(size_t *)arg = (size_t)much[sizeof much / 2];
}

static void body_measures(void)
{
    const size_t before = task_stack_high_water();
    size_t one = 0;
    struct task *task = task_spawn("uses much", uses_stack, &one);

    expect_ok(task_join(task));
    expect_int_equal(one, 1);
    expect_true(before < 40 * 1024);
    expect_true(task_stack_high_water() >= 40 * 1024);
    expect_true(task_stack_high_water() <= TASK_STACK_SIZE * 4); /* with a sanitizer's frames */
}

static void the_deepest_stack_is_remembered(void **state)
{
    in_task(body_measures);
}

static struct loop *stopped_loop;

static void stops(void *arg)
{
    (void)arg;
    loop_stop(stopped_loop);
}

static void loop_ends_with_living_task(void)
{
    assert_ok(loop_new(&stopped_loop));
    assert_true(task_go("stops", stops, NULL));
    assert_true(task_go("sleeper", sleeps_long, NULL));
    loop_run(stopped_loop);
    loop_free(stopped_loop);
}

static void a_loop_that_ends_under_a_task_is_a_bug(void **state)
{
    assert_true(unit_aborts(loop_ends_with_living_task));
}

UNIT_TESTS(tasks_take_turns_in_the_order_they_were_made, a_sleep_is_never_shorter_than_asked,
           a_deadline_ends_every_wait_in_its_scope_and_an_inner_one_cannot_widen_it,
           cancel_unwinds_a_task_but_not_through_a_shield,
           a_join_that_gives_up_leaves_the_task_to_its_owner, a_task_waits_for_a_descriptor,
           many_tasks_keep_their_own_stacks, beyond_the_most_tasks_work_is_refused,
           a_task_inherits_the_trace_and_changes_only_its_own, a_dump_says_what_each_task_waits_for,
           the_deepest_stack_is_remembered, a_loop_that_ends_under_a_task_is_a_bug)
