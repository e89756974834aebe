#pragma once

/*
 * task: straight-line code that waits. Each task has its own small stack; it runs until it waits,
 * then others do.
 *
 * Rules. Tasks share one thread: between two SUSPENDS calls nothing else runs. A suspended task is
 * never freed: cancel resumes it, its wait returns CANCELLED, and it unwinds through its own
 * cleanups. Cleanups never suspend. Every wait ends at the task's deadline at the latest. Recursion
 * and large locals do not fit the stack (64 KiB); an overflow hits a guard page and stops the
 * process.
 *
 * A process that dies of BUG() or a fatal signal writes its tasks, what each waits for and for which
 * request, to standard error. tools/gdb/souk.py shows the same in gdb, and each task's stack.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/status.h"

struct loop;
struct task;

typedef void (*task_fn)(void *arg);

enum { TASK_STACK_SIZE = 64 * 1024, TASKS_MAX = 16384 };

#define TASK_NO_DEADLINE INT64_MAX

/*
 * Starts a task at the end of the ready queue; `name` is kept, not copied. It inherits the trace
 * context, but neither deadline nor cancellation. NULL when TASKS_MAX tasks live or no stack can be
 * had: refuse the work. task_spawn: the caller must task_join it. task_go: nobody waits for it.
 */
MUST_USE struct task *task_spawn(const char *name, task_fn fn, void *arg);
MUST_USE bool task_go(const char *name, task_fn fn, void *arg);

/*
 * Waits until the task has ended and frees it. Not OK (deadline, cancelled): the caller still owns
 * it.
 */
MUST_USE SUSPENDS struct status task_join(struct task *task);

/* Makes the task's present and later waits return CANCELLED. Idempotent; NULL is fine. */
void task_cancel(struct task *task);

/*
 * Cancels the task, waits for its end whatever happens to the caller, frees it. A task that does not
 * unwind within a minute is a bug. NULL is fine.
 */
SUSPENDS void task_stop(struct task *task);

/* The running task; NULL in the loop's own callbacks. */
struct task *task_self(void);

/*
 * Waits for task_wake. OK means somebody woke it: check the condition and park again.
 * DEADLINE_EXCEEDED and CANCELLED come at once where they are due already; the condition may have
 * come true in the same turn, so check it first. `what` says in dumps what it waits for, and is
 * kept.
 */
MUST_USE SUSPENDS struct status task_park(const char *what);

/* Makes a parked task ready; nothing otherwise. */
void task_wake(struct task *task);

MUST_USE SUSPENDS struct status task_sleep_us(int64_t us);
/* Lets every task that is ready now run first. */
MUST_USE SUSPENDS struct status task_yield(void);
/* Waits for EV_READ, EV_WRITE or both. */
MUST_USE SUSPENDS struct status task_wait_fd(int fd, short events, short *ret_events);

/*
 * Narrows the deadline (monotonic microseconds) of the running task within a scope; it never widens
 * it.
 *
 *     AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(500 * 1000);
 */
struct task_deadline {
    struct task *task;
    int64_t outer_us;
};

MUST_USE struct task_deadline task_deadline_at(int64_t mono_us);
MUST_USE struct task_deadline task_deadline_in_us(int64_t us);
void task_deadline_end(struct task_deadline *deadline);

/* TASK_NO_DEADLINE where there is none. */
int64_t task_deadline_us(void);
/* Until the deadline, 0 when it is over. */
int64_t task_time_left_us(void);
/* OK, or what the next wait would return. */
MUST_USE struct status task_check(void);

/*
 * Within the scope neither cancellation nor the outer deadline interrupts (COMMIT, ROLLBACK), only
 * the scope's own deadline.
 */
struct task_shield {
    struct task *task;
    int64_t outer_us;
};

MUST_USE struct task_shield task_shield_in_us(int64_t us);
void task_shield_end(struct task_shield *shield);

/*
 * How many live now, and calls `show` for each (name, what it waits for or NULL when it is ready).
 * task_report_to writes the same as text, a task a line; it may be called in a signal handler.
 */
size_t task_count(void);
void task_each(void (*show)(const char *name, const char *waits_for, void *arg), void *arg);
void task_report_to(int fd);

/* Most bytes of a stack that any task has used so far, rounded up to pages. */
MUST_USE size_t task_stack_high_water(void);

/* For the loop. */
void task_system_start(struct loop *loop);
void task_system_stop(void);
/* Runs each task that is ready now once; true when more became ready. */
bool task_run_ready(void);
bool task_any_ready(void);
