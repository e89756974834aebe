#pragma once

/*
 * What the files of task share. Read by tools/gdb/souk.py, too: names of members are known there.
 */

#include <event2/event_struct.h>
#include <pthread.h>

#include "observe/trace.h"
#include "run/task.h"

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
    struct task_group *group; /* that it is a child in, or NULL */
    struct task *next_child, **child_link;
    struct task_group *groups; /* its own, the innermost first */
    struct task *next_ready;   /* or the next in the pool */
    struct task *next, **link; /* all living tasks */
    struct event timer;
    int64_t timer_at_us; /* 0: not armed */
    int64_t wake_at_us;  /* while parked */
    struct trace_context trace;
    void *asan_fake_stack;
};

struct task_system {
    struct loop *loop;
    pthread_t thread;
    struct task *running;
    struct task *ready_first, **ready_last;
    struct task *all;
    struct task *pool;
    size_t pool_size;
    size_t alive;
    size_t stack_record; /* most bytes that a stack given back to the kernel had used */
    void *loop_sp;
    void *asan_fake_stack;
    const void *asan_loop_stack;
    size_t asan_loop_size;
};

extern struct task_system task_sys;

/* The running task; a bug outside of one. */
struct task *task_running(void);

/* Owned: somebody will join it. */
struct task *task_start(const char *name, task_fn fn, void *arg, bool owned);

/* task_stack.c: a task whose stack members are set, the rest is of its last user; NULL: none to be
 * had. */
struct task *task_stack_take(void);
void task_stack_give_back(struct task *task);
void task_stacks_unmap(void);
/* Whether the address is in the guard page below the task's stack. */
bool task_stack_guards(const struct task *task, const void *address);

/* task_group.c */
void task_group_child_ended(struct task *task);
void task_groups_cancel(struct task *owner);

/* task_report.c */
void task_report_start(void);
void task_report_stop(void);

/* task_offload.c: ends the pool's threads. */
void task_offload_stop(void);
