#pragma once

/*
 * in_task: runs a test's body in a task of a fresh loop, and ends the loop with it. Assertions
 * inside of the body would jump off the task's stack, so they are made with in_task_expect* and
 * reported when the loop is over.
 */

#include "run/loop.h"
#include "run/task.h"
#include "tests/unit/unit.h"

struct in_task {
    struct loop *loop;
    void (*body)(void);
    char failure[256];
};

static struct in_task in_task_now;

/* The first failed expectation is what the test reports. */
#define expect_true(condition)                                                                    \
    ((condition) || in_task_now.failure[0]                                                        \
         ? (void)0                                                                                \
         : (void)snprintf(in_task_now.failure, sizeof in_task_now.failure, "%s:%d: %s", __FILE__, \
                          __LINE__, #condition))

#define expect_int_equal(a, b)                                                          \
    do {                                                                                \
        const long long in_task_a_ = (a), in_task_b_ = (b);                             \
        if (in_task_a_ != in_task_b_ && !in_task_now.failure[0])                        \
            snprintf(in_task_now.failure, sizeof in_task_now.failure,                   \
                     "%s:%d: %s is %lld, not %lld", __FILE__, __LINE__, #a, in_task_a_, \
                     in_task_b_);                                                       \
    } while (0)

#define expect_string_equal(a, b)                                                                \
    do {                                                                                         \
        const char *in_task_a_ = (a), *in_task_b_ = (b);                                         \
        if ((!in_task_a_ || strcmp(in_task_a_, in_task_b_) != 0) && !in_task_now.failure[0])     \
            snprintf(in_task_now.failure, sizeof in_task_now.failure, "%s:%d: %s is %s, not %s", \
                     __FILE__, __LINE__, #a, in_task_a_ ? in_task_a_ : "NULL", in_task_b_);      \
    } while (0)

#define expect_ok(expr)                                                                           \
    do {                                                                                          \
        const struct status in_task_st_ = (expr);                                                 \
        if (!status_ok(&in_task_st_) && !in_task_now.failure[0])                                  \
            snprintf(in_task_now.failure, sizeof in_task_now.failure, "%s:%d: %s: %s %s",         \
                     __FILE__, __LINE__, #expr, code_name(in_task_st_.code), in_task_st_.detail); \
    } while (0)

#define expect_code(expr, wanted) expect_string_equal(code_name((expr).code), #wanted)

/* Waits until it is so, for a minute at the most. */
#define expect_soon(condition)                                                                     \
    do {                                                                                           \
        for (int in_task_tries_ = 0; !(condition) && in_task_tries_ < 60 * 1000; in_task_tries_++) \
            expect_ok(task_sleep_us(1000));                                                        \
        expect_true(condition);                                                                    \
    } while (0)

static void in_task_entry(void *arg)
{
    struct in_task *test = arg;
    test->body();
    loop_stop(test->loop);
}

UNUSED static void in_task(void (*body)(void))
{
    in_task_now = (struct in_task){.body = body};
    assert_ok(loop_new(&in_task_now.loop));
    assert_true(task_go("test", in_task_entry, &in_task_now));
    loop_run(in_task_now.loop);
    loop_free(in_task_now.loop);
    in_task_now.loop = NULL;
    if (in_task_now.failure[0])
        fail_msg("%s", in_task_now.failure);
}
