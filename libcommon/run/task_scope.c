/*
 * Deadlines and shields of the running task.
 */
#include "base/clock.h"
#include "run/task_internal.h"

struct task_deadline task_deadline_at(int64_t mono_us)
{
    struct task *task = task_running();
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
    return task_running()->deadline_us;
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
    struct task *task = task_running();
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
