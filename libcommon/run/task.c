#include "run/task.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "observe/trace.h"
#include "run/coro.h"
#include "run/loop.h"

#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif
#ifdef WITH_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#else
#define WITH_ASAN 0
#endif

/* ASan's frames are several times larger. */
#define STACK_SIZE ((size_t)TASK_STACK_SIZE * (WITH_ASAN ? 4 : 1))

enum { PAGE = 4096, POOL_MAX = 1024 };

/* Lives at the top of its own stack: one mapping, no allocation a task. */
struct task {
    void *sp;
    char *stack; /* lowest usable byte; the guard page is below */
    size_t stack_size;
    task_fn fn;
    void *arg;
    const char *name;
    const char *waits_for;
    int64_t deadline_us;
    unsigned shields;
    bool cancelled;
    bool parked;
    bool ready;
    bool done;
    bool owned; /* somebody will join it */
    struct task *joiner;
    struct task *next_ready;   /* or the next in the pool */
    struct task *next, **link; /* all living tasks */
    struct event timer;
    int64_t timer_at_us; /* 0: not armed */
    int64_t wake_at_us;  /* while parked */
    struct trace_context trace;
    void *asan_fake_stack;
};

static struct {
    struct loop *loop;
    struct task *running;
    struct task *ready_first, **ready_last;
    struct task *all;
    struct task *pool;
    size_t pool_size;
    size_t alive;
    void *loop_sp;
    void *asan_fake_stack;
    const void *asan_loop_stack;
    size_t asan_loop_size;
    char *signal_stack;
} sys;

/* Stacks. */

static struct task *stack_map(void)
{
    char *memory = mmap(NULL, PAGE + STACK_SIZE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    if (mprotect(memory, PAGE, PROT_NONE) != 0) { /* vm.max_map_count */
        munmap(memory, PAGE + STACK_SIZE);
        return NULL;
    }
    char *stack = memory + PAGE;
    struct task *task =
        (struct task *)(void *)(stack + STACK_SIZE - ((sizeof *task + 63) & ~(size_t)63));
    task->stack = stack;
    task->stack_size = (size_t)((char *)task - stack);
    return task;
}

static void stack_unmap(struct task *task)
{
#if WITH_ASAN
    __asan_unpoison_memory_region(task->stack, task->stack_size);
#endif
    munmap(task->stack - PAGE, PAGE + STACK_SIZE);
}

static struct task *stack_take(void)
{
    struct task *task = sys.pool;
    if (!task)
        return stack_map();
    sys.pool = task->next_ready;
    sys.pool_size--;
    return task;
}

static void stack_give_back(struct task *task)
{
    if (sys.pool_size >= POOL_MAX) {
        stack_unmap(task);
        return;
    }
#if WITH_ASAN
    __asan_unpoison_memory_region(task->stack, task->stack_size); /* frames of its last switch */
#endif
    task->next_ready = sys.pool;
    sys.pool = task;
    sys.pool_size++;
}

/* Switching. */

static void switch_to_task(struct task *task)
{
    sys.running = task;
    trace_set_current(&task->trace);
#if WITH_ASAN
    __sanitizer_start_switch_fiber(&sys.asan_fake_stack, task->stack, task->stack_size);
#endif
    coro_switch(&sys.loop_sp, task->sp, task);
#if WITH_ASAN
    __sanitizer_finish_switch_fiber(sys.asan_fake_stack, NULL, NULL);
#endif
    trace_set_current(NULL);
    sys.running = NULL;
}

static void switch_to_loop(struct task *task)
{
#if WITH_ASAN
    __sanitizer_start_switch_fiber(task->done ? NULL : &task->asan_fake_stack, sys.asan_loop_stack,
                                   sys.asan_loop_size);
#endif
    coro_switch(&task->sp, sys.loop_sp, NULL);
#if WITH_ASAN
    __sanitizer_finish_switch_fiber(task->asan_fake_stack, &sys.asan_loop_stack,
                                    &sys.asan_loop_size);
#endif
}

static void forget(struct task *task)
{
    *task->link = task->next;
    if (task->next)
        task->next->link = task->link;
    sys.alive--;
}

static void entry(void *value)
{
    struct task *task = value;
#if WITH_ASAN
    __sanitizer_finish_switch_fiber(NULL, &sys.asan_loop_stack, &sys.asan_loop_size);
#endif
    task->fn(task->arg);

    if (task->timer_at_us)
        evtimer_del(&task->timer);
    task->done = true;
    if (task->joiner)
        task_wake(task->joiner);
    switch_to_loop(task);
    BUG("task %s ran on after its end", task->name);
}

static void push_ready(struct task *task)
{
    task->ready = true;
    task->next_ready = NULL;
    *sys.ready_last = task;
    sys.ready_last = &task->next_ready;
}

bool task_any_ready(void)
{
    return sys.ready_first;
}

bool task_run_ready(void)
{
    struct task *task = sys.ready_first;

    sys.ready_first = NULL; /* one generation: what becomes ready meanwhile lets events go first */
    sys.ready_last = &sys.ready_first;
    while (task) {
        struct task *next = task->next_ready;
        task->ready = false;
        switch_to_task(task);
        if (task->done) {
            forget(task);
            if (!task->owned)
                stack_give_back(task);
        }
        task = next;
    }
    return sys.ready_first;
}

/* Life. */

static void on_timer(evutil_socket_t fd, short what, void *arg);

static struct task *start(const char *name, task_fn fn, void *arg, bool owned)
{
    if (sys.alive >= TASKS_MAX)
        return NULL;
    struct task *task = stack_take();
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
    evtimer_assign(&task->timer, loop_base(sys.loop), on_timer, task);

    task->next = sys.all;
    task->link = &sys.all;
    if (task->next)
        task->next->link = &task->next;
    sys.all = task;
    sys.alive++;
    push_ready(task);
    return task;
}

struct task *task_spawn(const char *name, task_fn fn, void *arg)
{
    return start(name, fn, arg, true);
}

bool task_go(const char *name, task_fn fn, void *arg)
{
    return start(name, fn, arg, false);
}

struct status task_join(struct task *task)
{
    BUG_ON(!task->owned || task->joiner);
    while (!task->done) {
        task->joiner = sys.running;
        const struct status st = task_park("join");
        task->joiner = NULL;
        if (!status_ok(&st) && !task->done)
            return st;
    }
    stack_give_back(task);
    return STATUS_OK;
}

void task_cancel(struct task *task)
{
    if (!task || task->done)
        return;
    task->cancelled = true;
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
    return sys.running;
}

/* Waiting. */

static struct task *running_task(void)
{
    BUG_ON(!sys.running); /* a SUSPENDS call outside of a task */
    return sys.running;
}

struct status task_check(void)
{
    const struct task *task = running_task();

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
    struct task *task = running_task();

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
    struct task *task = running_task();
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
    struct task *task = running_task();

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
    struct fd_wait wait = {.task = running_task()};
    struct event event;
    struct status st = STATUS_OK;

    event_assign(&event, loop_base(sys.loop), fd, events, on_fd, &wait);
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

/* Scopes. */

struct task_deadline task_deadline_at(int64_t mono_us)
{
    struct task *task = running_task();
    const struct task_deadline scope = {.task = task, .outer_us = task->deadline_us};

    if (mono_us < task->deadline_us)
        task->deadline_us = mono_us;
    return scope;
}

struct task_deadline task_deadline_in_us(int64_t us)
{
    return task_deadline_at(clock_mono_us() + us);
}

void task_deadline_end(struct task_deadline *deadline)
{
    deadline->task->deadline_us = deadline->outer_us;
}

int64_t task_deadline_us(void)
{
    return running_task()->deadline_us;
}

int64_t task_time_left_us(void)
{
    const int64_t deadline_us = task_deadline_us();
    if (deadline_us == TASK_NO_DEADLINE)
        return TASK_NO_DEADLINE;
    const int64_t left_us = deadline_us - clock_mono_us();
    return left_us > 0 ? left_us : 0;
}

struct task_shield task_shield_in_us(int64_t us)
{
    struct task *task = running_task();
    const struct task_shield scope = {.task = task, .outer_us = task->deadline_us};

    task->shields++;
    task->deadline_us = clock_mono_us() + us;
    return scope;
}

void task_shield_end(struct task_shield *shield)
{
    shield->task->shields--;
    shield->task->deadline_us = shield->outer_us;
}

/* The system. */

size_t task_count(void)
{
    return sys.alive;
}

void task_each(void (*show)(const char *name, const char *waits_for, void *arg), void *arg)
{
    for (const struct task *task = sys.all; task; task = task->next)
        show(task->name, task->waits_for, arg);
}

#if !WITH_ASAN
/*
 * An overflow touches the guard page of the running task. Says whose, then dies where it happened.
 */
static void on_fault(int signal_number, siginfo_t *info, void *context)
{
    const struct task *task = sys.running;
    const char *at = info->si_addr;
    char text[160];
    (void)context;

    if (task && at < task->stack && at >= task->stack - PAGE) {
        const int length = snprintf(text, sizeof text, "stack overflow in task %s\n", task->name);
        if (write(STDERR_FILENO, text, (size_t)length) < 0) {
        }
    }
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void watch_overflow(void)
{
    enum { SIGNAL_STACK = 32 * 1024 };
    const struct sigaction action = {
        .sa_sigaction = on_fault,
        .sa_flags = (int)(SA_SIGINFO | SA_ONSTACK | SA_RESETHAND),
    };

    sys.signal_stack = mem_alloc(SIGNAL_STACK);
    const stack_t stack = {.ss_sp = sys.signal_stack, .ss_size = SIGNAL_STACK};
    sigaltstack(&stack, NULL);
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
}

static void unwatch_overflow(void)
{
    const stack_t off = {.ss_flags = SS_DISABLE};

    signal(SIGSEGV, SIG_DFL);
    signal(SIGBUS, SIG_DFL);
    sigaltstack(&off, NULL);
    mem_free(sys.signal_stack);
}
#else /* ASan watches by itself */
static void watch_overflow(void)
{
}

static void unwatch_overflow(void)
{
}
#endif

void task_system_start(struct loop *loop)
{
    BUG_ON(sys.loop); /* one loop a process */
    memset(&sys, 0, sizeof sys);
    sys.loop = loop;
    sys.ready_last = &sys.ready_first;
    watch_overflow();
}

void task_system_stop(void)
{
    if (sys.alive)
        BUG("%zu tasks live at the end, one is %s waiting for %s", sys.alive, sys.all->name,
            sys.all->waits_for ? sys.all->waits_for : "nothing");
    while (sys.pool) {
        struct task *task = sys.pool;
        sys.pool = task->next_ready;
        stack_unmap(task);
    }
    unwatch_overflow();
    sys.loop = NULL;
}
