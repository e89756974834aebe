#include "run/task_group.h"

#include "base/clock.h"
#include "run/sync.h"
#include "tests/unit/in_task.h"

static int ended;
static enum code last_seen;

static void sleeps(void *arg)
{
    last_seen = task_sleep_us(*(int64_t *)arg).code;
    ended++;
}

static int64_t short_us = 1000, long_us = 3600 * CLOCK_US_PER_S;

static void body_joins(void)
{
    struct task_group group;

    ended = 0;
    task_group_begin(&group);
    for (int i = 0; i < 3; i++)
        expect_true(task_group_go(&group, "child", sleeps, &short_us));
    expect_ok(task_group_join(&group));
    expect_int_equal(ended, 3);
    expect_int_equal(last_seen, CODE_OK);
    expect_int_equal(task_count(), 1);
}

static void a_join_waits_for_every_child(void **state)
{
    in_task(body_joins);
}

/* A parent, a child that is a parent, and its child: all of them wait for ever. */

static enum code joined[2];

static void is_parent(void *arg)
{
    const int depth = (int)(intptr_t)arg;
    struct task_group group;

    task_group_begin(&group);
    if (depth == 1)
        expect_true(task_group_go(&group, "grandchild", sleeps, &long_us));
    else
        expect_true(task_group_go(&group, "child", is_parent, (void *)(intptr_t)(depth + 1)));
    joined[depth] = task_group_join(&group).code;
}

static void body_cancels_a_tree(void)
{
    struct task *parent = task_spawn("parent", is_parent, NULL);

    ended = 0;
    for (int i = 0; i < 3; i++)
        expect_ok(task_yield());
    expect_int_equal(task_count(), 4);
    task_cancel(parent);
    expect_ok(task_join(parent));
    expect_int_equal(ended, 1);
    expect_int_equal(last_seen, CODE_CANCELLED);
    expect_int_equal(joined[0], CODE_CANCELLED);
    expect_int_equal(joined[1], CODE_CANCELLED);
    expect_int_equal(task_count(), 1);
}

static void a_cancelled_parent_takes_children_and_grandchildren_along(void **state)
{
    in_task(body_cancels_a_tree);
}

static void body_deadline(void)
{
    AUTO(task_deadline_end) struct task_deadline limit = task_deadline_in_us(2000);
    struct task_group group;

    ended = 0;
    task_group_begin(&group);
    expect_true(task_group_go(&group, "child", sleeps, &long_us));
    expect_code(task_group_join(&group), DEADLINE_EXCEEDED);
    expect_int_equal(ended, 1);
    expect_true(last_seen == CODE_DEADLINE_EXCEEDED || last_seen == CODE_CANCELLED);
}

static void children_end_with_their_parents_deadline(void **state)
{
    in_task(body_deadline);
}

static void body_cancels_group(void)
{
    struct task_group group;

    ended = 0;
    task_group_begin(&group);
    expect_true(task_group_go(&group, "child", sleeps, &long_us));
    expect_true(task_group_go(&group, "child", sleeps, &long_us));
    expect_ok(task_yield());
    task_group_cancel(&group);
    expect_ok(task_group_join(&group)); /* the parent itself is well */
    expect_int_equal(ended, 2);
    expect_int_equal(last_seen, CODE_CANCELLED);
}

static void a_group_can_be_given_up_without_its_parent(void **state)
{
    in_task(body_cancels_group);
}

static enum code in_shield, after_shield;

static void shields_its_children(void *arg)
{
    struct task_group group;
    (void)arg;
    {
        AUTO(task_shield_end) struct task_shield shield = task_shield_in_us(CLOCK_US_PER_S);
        task_group_begin(&group);
        expect_true(task_group_go(&group, "child", sleeps, &short_us));
        in_shield = task_group_join(&group).code;
    }
    task_group_begin(&group);
    expect_true(task_group_go(&group, "late child", sleeps, &long_us));
    after_shield = task_group_join(&group).code;
}

static void body_shields(void)
{
    struct task *parent = task_spawn("parent", shields_its_children, NULL);

    ended = 0;
    expect_ok(task_yield());
    task_cancel(parent);
    expect_ok(task_join(parent));
    expect_int_equal(in_shield, CODE_OK);
    expect_int_equal(after_shield, CODE_CANCELLED);
    expect_int_equal(ended, 2);
    expect_int_equal(last_seen, CODE_CANCELLED);
}

static void a_shield_covers_children_and_a_cancelled_parent_has_cancelled_ones(void **state)
{
    in_task(body_shields);
}

static void leaves_its_child(void *arg)
{
    static struct task_group group;
    (void)arg;
    task_group_begin(&group);
    if (!task_group_go(&group, "orphan", sleeps, &short_us))
        _exit(1);
}

static void body_orphans(void)
{
    expect_ok(task_join(task_spawn("parent", leaves_its_child, NULL)));
}

static void orphans(void)
{
    in_task(body_orphans);
}

static void a_parent_that_ends_before_its_children_is_a_bug(void **state)
{
    assert_true(unit_aborts(orphans));
}

UNIT_TESTS(a_join_waits_for_every_child, a_cancelled_parent_takes_children_and_grandchildren_along,
           children_end_with_their_parents_deadline, a_group_can_be_given_up_without_its_parent,
           a_shield_covers_children_and_a_cancelled_parent_has_cancelled_ones,
           a_parent_that_ends_before_its_children_is_a_bug)
