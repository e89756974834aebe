#include "run/task_group.h"

#include "base/clock.h"
#include "run/task_internal.h"

enum { UNWIND_LIMIT_S = 60 };

void task_group_begin(struct task_group *group)
{
    struct task *owner = task_running();

    *group = (struct task_group){
        .owner = owner,
        .outer = owner->groups,
        .is_shielded = owner->shields > 0,
    };
    owner->groups = group;
}

bool task_group_go(struct task_group *group, const char *name, task_fn fn, void *arg)
{
    const struct task *owner = group->owner;
    struct task *child = task_start(name, fn, arg, false);

    if (!child)
        return false;
    child->deadline_us = owner->deadline_us;
    child->group = group;
    child->child_link = &group->children;
    child->next_child = group->children;
    if (child->next_child)
        child->next_child->child_link = &child->next_child;
    group->children = child;
    if (owner->cancelled && !group->is_shielded)
        task_cancel(child);
    return true;
}

void task_group_child_ended(struct task *task)
{
    struct task_group *group = task->group;

    if (!group)
        return;
    *task->child_link = task->next_child;
    if (task->next_child)
        task->next_child->child_link = task->child_link;
    if (!group->children)
        task_wake(group->owner);
}

void task_group_cancel(struct task_group *group)
{
    for (struct task *child = group->children; child; child = child->next_child)
        task_cancel(child);
}

void task_groups_cancel(struct task *owner)
{
    for (struct task_group *group = owner->groups; group; group = group->outer)
        if (!group->is_shielded)
            task_group_cancel(group);
}

static struct status wait_for_children(const struct task_group *group)
{
    while (group->children) {
        const struct status st = task_park("children");
        if (!status_ok(&st) && group->children)
            return st;
    }
    return STATUS_OK;
}

static void unwind(struct task_group *group)
{
    AUTO(task_shield_end)
    struct task_shield shield = task_shield_in_us(UNWIND_LIMIT_S * CLOCK_US_PER_S);

    task_group_cancel(group);
    const struct status st = wait_for_children(group);
    if (!status_ok(&st))
        BUG("task %s, a child of %s, does not end", group->children->name, group->owner->name);
}

struct status task_group_join(struct task_group *group)
{
    struct task *owner = task_running();

    BUG_ON(owner->groups != group); /* another task's, or one that is not the innermost */
    const struct status st = wait_for_children(group);
    if (!status_ok(&st))
        unwind(group);
    owner->groups = group->outer;
    return task_check(); /* children that were cut short have ended, too */
}
