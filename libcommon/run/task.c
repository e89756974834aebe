#include "run/task.h"

#include <errno.h>
#include <event2/event.h>
#include <string.h>

#include "base/clock.h"
#include "observe/metrics.h"
#include "run/coro.h"
#include "run/loop.h"
#include "run/task_group.h"
#include "run/task_internal.h"

struct task_system task_sys;

/* Switching. */

static void switch_to_task(struct task *task)
{
    task_sys.running = task;
    trace_set_current(&task->trace);
#if WITH_ASAN
    __sanitizer_start_switch_fiber(&task_sys.asan_fake_stack, task->stack, task->stack_size);
#endif
    coro_switch(&task_sys.loop_sp, task->sp, task);
#if WITH_ASAN
    __sanitizer_finish_switch_fiber(task_sys.asan_fake_stack, NULL, NULL);
#endif
    trace_set_current(NULL);
    task_sys.running = NULL;
}

static void switch_to_loop(struct task *task)
{
#if WITH_ASAN
    __sanitizer_start_switch_fiber(task->done ? NULL : &task->asan_fake_stack,
                                   task_sys.asan_loop_stack, task_sys.asan_loop_size);
#endif
    coro_switch(&task->sp, task_sys.loop_sp, NULL);
#if WITH_ASAN
    __sanitizer_finish_switch_fiber(task->asan_fake_stack, &task_sys.asan_loop_stack,
                                    &task_sys.asan_loop_size);
#endif
}

static void forget(struct task *task)
{
    *task->link = task->next;
    if (task->next)
        task->next->link = task->link;
    task_sys.alive--;
}

static void entry(void *value)
{
    struct task *task = value;
#if WITH_ASAN
    __sanitizer_finish_switch_fiber(NULL, &task_sys.asan_loop_stack, &task_sys.asan_loop_size);
#endif
    task->fn(task->arg);

    if (task->timer_at_us)
        evtimer_del(&task->timer);
    if (task->groups)
        BUG("task %s ended before its children", task->name);
    task->done = true;
    task_group_child_ended(task);
    if (task->joiner)
        task_wake(task->joiner);
    switch_to_loop(task);
    BUG("task %s ran on after its end", task->name);
}

static void push_ready(struct task *task)
{
    task->ready = true;
    task->next_ready = NULL;
    *task_sys.ready_last = task;
    task_sys.ready_last = &task->next_ready;
}

bool task_any_ready(void)
{
    return task_sys.ready_first;
}

bool task_run_ready(void)
{
    struct task *task = task_sys.ready_first;

    task_sys.ready_first =
        NULL; /* one generation: what becomes ready meanwhile lets events go first */
    task_sys.ready_last = &task_sys.ready_first;
    while (task) {
        struct task *next = task->next_ready;
        task->ready = false;
        switch_to_task(task);
        if (task->done) {
            forget(task);
            if (!task->owned)
                task_stack_give_back(task);
        }
        task = next;
    }
    return task_sys.ready_first;
}

/* Life. */

static void on_timer(evutil_socket_t fd, short what, void *arg);

struct task *task_start(const char *name, task_fn fn, void *arg, bool owned)
{
    if (task_sys.alive >= TASKS_MAX)
        return NULL;
    struct task *task = task_stack_take();
    if (!task)
        return NULL;

    char *stack = task->stack;
    const size_t stack_size = task->stack_size;
    memset(task, 0, sizeof *task);
    task->stack = stack;
    task->stack_size = stack_size;
    task->fn = fn;
    task->arg = arg;
    task->name = name;
    task->deadline_us = TASK_NO_DEADLINE;
    task->owned = owned;
    task->trace = *trace_current();
    task->sp = coro_prepare(stack, stack_size, entry);
    evtimer_assign(&task->timer, loop_base(task_sys.loop), on_timer, task);

    task->next = task_sys.all;
    task->link = &task_sys.all;
    if (task->next)
        task->next->link = &task->next;
    task_sys.all = task;
    task_sys.alive++;
    push_ready(task);
    return task;
}

struct task *task_spawn(const char *name, task_fn fn, void *arg)
{
    return task_start(name, fn, arg, true);
}

bool task_go(const char *name, task_fn fn, void *arg)
{
    return task_start(name, fn, arg, false);
}

struct status task_join(struct task *task)
{
    BUG_ON(!task->owned || task->joiner);
    while (!task->done) {
        task->joiner = task_sys.running;
        const struct status st = task_park("join");
        task->joiner = NULL;
        if (!status_ok(&st) && !task->done)
            return st;
    }
    task_stack_give_back(task);
    return STATUS_OK;
}

void task_cancel(struct task *task)
{
    if (!task || task->done)
        return;
    task->cancelled = true;
    task_groups_cancel(task);
    if (!task->shields)
        task_wake(task);
}

void task_stop(struct task *task)
{
    if (!task)
        return;
    AUTO(task_shield_end) struct task_shield shield = task_shield_in_us(60 * CLOCK_US_PER_S);
    task_cancel(task);
    const struct status st = task_join(task);
    if (!status_ok(&st))
        BUG("task %s does not end, it waits for %s", task->name,
            task->waits_for ? task->waits_for : "nothing");
}

struct task *task_self(void)
{
    return task_sys.running;
}

/* Waiting. */

struct task *task_running(void)
{
    BUG_ON(!task_sys.running); /* a SUSPENDS call outside of a task */
    return task_sys.running;
}

struct status task_check(void)
{
    const struct task *task = task_running();

    if (task->cancelled && !task->shields)
        return status_error(CODE_CANCELLED, "CANCELLED", "the task was cancelled");
    if (task->deadline_us != TASK_NO_DEADLINE && clock_mono_us() >= task->deadline_us)
        return status_error(CODE_DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED", "the deadline passed");
    return STATUS_OK;
}

static void arm_timer(struct task *task, int64_t at_us)
{
    if (at_us == TASK_NO_DEADLINE || (task->timer_at_us && task->timer_at_us <= at_us))
        return; /* one that comes too early arms itself again */
    const struct timeval after = loop_timeval(at_us - clock_mono_us());
    evtimer_add(&task->timer, &after);
    task->timer_at_us = at_us;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct task *task = arg;
    (void)fd;
    (void)what;

    task->timer_at_us = 0;
    if (!task->parked)
        return;
    if (clock_mono_us() >= task->wake_at_us)
        task_wake(task);
    else
        arm_timer(task, task->wake_at_us);
}

static void park_until(struct task *task, int64_t at_us, const char *what)
{
    task->wake_at_us = at_us;
    arm_timer(task, at_us);
    task->parked = true;
    task->waits_for = what;
    switch_to_loop(task);
    task->waits_for = NULL;
}

struct status task_park(const char *what)
{
    struct task *task = task_running();

    TRY(task_check());
    park_until(task, task->deadline_us, what);
    return task_check();
}

void task_wake(struct task *task)
{
    if (!task->parked)
        return;
    task->parked = false;
    push_ready(task);
}

struct status task_sleep_us(int64_t us)
{
    struct task *task = task_running();
    const int64_t until_us = clock_mono_us() + us;

    for (;;) {
        TRY(task_check());
        if (clock_mono_us() >= until_us)
            return STATUS_OK;
        park_until(task, until_us < task->deadline_us ? until_us : task->deadline_us, "sleep");
    }
}

struct status task_yield(void)
{
    struct task *task = task_running();

    push_ready(task);
    task->waits_for = "yield";
    switch_to_loop(task);
    task->waits_for = NULL;
    return task_check();
}

struct fd_wait {
    struct task *task;
    short events;
};

static void on_fd(evutil_socket_t fd, short what, void *arg)
{
    struct fd_wait *wait = arg;
    (void)fd;
    wait->events |= what;
    task_wake(wait->task);
}

struct status task_wait_fd(int fd, short events, short *ret_events)
{
    struct fd_wait wait = {.task = task_running()};
    struct event event;
    struct status st = STATUS_OK;

    event_assign(&event, loop_base(task_sys.loop), fd, events, on_fd, &wait);
    if (event_add(&event, NULL) != 0)
        return status_error(CODE_INTERNAL, "INTERNAL", "cannot watch fd %d: %s", fd,
                            strerror(errno));
    while (!wait.events && status_ok(&st))
        st = task_park("fd");
    event_del(&event);
    if (!wait.events)
        return st;
    *ret_events = wait.events;
    return STATUS_OK;
}

/* The system. */

size_t task_count(void)
{
    return task_sys.alive;
}

void task_each(void (*show)(const char *name, const char *waits_for, void *arg), void *arg)
{
    for (const struct task *task = task_sys.all; task; task = task->next)
        show(task->name, task->waits_for, arg);
}

static void show_metrics(void *arg)
{
    (void)arg;
    metric_set(metric_series(metric_family(METRIC_GAUGE, "souk_tasks", "", "Tasks that live now")),
               (double)task_sys.alive);
    metric_set(metric_series(metric_family(METRIC_GAUGE, "souk_task_stack_high_water_bytes", "",
                                           "Most of a stack that any task ever used, in pages")),
               (double)task_stack_high_water());
}

void task_system_start(struct loop *loop)
{
    static bool are_metrics_shown;

    BUG_ON(task_sys.loop); /* one loop a process */
    memset(&task_sys, 0, sizeof task_sys);
    task_sys.loop = loop;
    task_sys.thread = pthread_self();
    task_sys.ready_last = &task_sys.ready_first;
    task_report_start();
    if (!are_metrics_shown)
        metrics_on_write(show_metrics, NULL);
    are_metrics_shown = true;
}

void task_system_stop(void)
{
    if (task_sys.alive)
        BUG("%zu tasks live at the end, one is %s waiting for %s", task_sys.alive,
            task_sys.all->name, task_sys.all->waits_for ? task_sys.all->waits_for : "nothing");
    task_offload_stop();
    task_stacks_unmap();
    task_report_stop();
    task_sys.loop = NULL;
}
