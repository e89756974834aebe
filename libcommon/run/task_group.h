#pragma once

/*
 * task_group: children of a task. None outlives its parent, and what ends the parent's waiting ends
 * theirs: they start with its deadline and are cancelled with it, down to their own children.
 *
 *     struct task_group group;
 *     task_group_begin(&group);
 *     ... task_group_go(&group, "prices", ask_prices, ask) ...
 *     TRY(task_group_join(&group));
 *
 * Children may use what lives on the parent's stack. A group that is begun must be joined by the
 * same task, on every path: a task that ends before is a bug. Groups nest.
 */

#include <stdbool.h>

#include "base/attributes.h"
#include "base/status.h"
#include "run/task.h"

struct task_group {
    struct task *owner;
    struct task_group *outer;
    struct task *children;
    bool is_shielded; /* begun within a shield: the owner's cancellation does not reach in */
};

void task_group_begin(struct task_group *group);

/*
 * Starts a child; `name` is kept. False as with task_go: do without, or do the work in place.
 * Where the parent is cancelled already, so is the child.
 */
MUST_USE bool task_group_go(struct task_group *group, const char *name, task_fn fn, void *arg);

/* Children that wait are woken with CANCELLED; they still have to be joined. */
void task_group_cancel(struct task_group *group);

/*
 * Waits for all children and ends the group. CANCELLED, DEADLINE_EXCEEDED: of the caller, so
 * children may have been cut short; in this case too none is left. A child that does not unwind
 * within a minute is a bug.
 */
MUST_USE SUSPENDS struct status task_group_join(struct task_group *group);
