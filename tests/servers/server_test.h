#pragma once

/*
 * server_test: the frame of a test against a real server. A test is
 * `static void says_what_it_shows(struct loop *loop)` and runs as a task, so it may wait;
 * SERVER_TESTS(a, b, c) at the end of the file makes the program that runs them.
 *
 * Each test has a loop of its own and ends every task that it began. After a failure the others are
 * skipped: a task that was left in the middle cannot be unwound. Addresses of servers come from the
 * environment.
 */

#include "base/clock.h"
#include "base/mem.h"
#include "run/loop.h"
#include "run/task.h"
#include "tests/unit/unit.h"

enum { SERVER_TEST_LIMIT_S = 300 };

struct server_test {
    const char *name;
    void (*fn)(struct loop *loop);
    struct loop *loop;
};

/* The value of an environment variable; the test fails where it is not set. */
MUST_USE UNUSED static const char *server_test_env(const char *variable)
{
    const char *value = getenv(variable);
    if (!value || !*value)
        fail_msg("%s is not set: it says where the server of this test is", variable);
    return value;
}

/* Waits until `expr` is true, for `limit_ms` at the most. */
#define server_test_wait(limit_ms, expr)                                                \
    do {                                                                                \
        const int64_t until_us_ = clock_mono_us() + (limit_ms)*CLOCK_US_PER_MS;         \
        while (!(expr)) {                                                               \
            if (clock_mono_us() > until_us_)                                            \
                fail_msg("not within %d ms: %s", (int)(limit_ms), #expr);               \
            status_ignore(task_sleep_us(CLOCK_US_PER_MS), "the loop says when to end"); \
        }                                                                               \
    } while (0)

static void server_test_show_task(const char *name, const char *waits_for, void *arg)
{
    print_message("task %s: %s\n", name, waits_for ? waits_for : "ready");
}

static void server_test_too_long(void *arg)
{
    const struct server_test *test = arg;
    task_each(server_test_show_task, NULL);
    fail_msg("%s takes more than %d s", test->name, SERVER_TEST_LIMIT_S);
}

static void server_test_task(void *arg)
{
    const struct server_test *test = arg;
    test->fn(test->loop);
    loop_stop(test->loop);
}

static void server_test_run(void **state)
{
    static bool is_broken;
    struct server_test *test = *state;

    if (is_broken)
        skip();
    is_broken = true;
    assert_ok(loop_new(&test->loop));
    struct loop_timer *limit = loop_timer_new(test->loop, server_test_too_long, test);
    loop_timer_start(limit, SERVER_TEST_LIMIT_S * CLOCK_US_PER_S);
    assert_true(task_go(test->name, server_test_task, test));
    loop_run(test->loop);
    loop_timer_free(limit);
    loop_free(test->loop);
    is_broken = false;
}

/* `names` is "a, b, c", in the order of `functions`. */
static int server_test_run_all(void (*const *functions)(struct loop *loop), size_t count,
                               const char *names)
{
    struct CMUnitTest *tests = mem_calloc(count, sizeof *tests);
    struct server_test *states = mem_calloc(count, sizeof *states);
    char *copy = mem_strdup(names);
    char *next = copy;

    for (size_t i = 0; i < count; i++) {
        states[i].name = strsep(&next, ",") + (i > 0);
        states[i].fn = functions[i];
        tests[i] = (struct CMUnitTest){
            .name = states[i].name,
            .test_func = server_test_run,
            .initial_state = &states[i],
        };
    }
    const int failed = _cmocka_run_group_tests("servers", tests, count, NULL, NULL);
    mem_free(copy);
    mem_free(states);
    mem_free(tests);
    return failed;
}

/* For a program with a main() of its own: runs the tests, returns how many failed. */
#define SERVER_TESTS_RUN(...)                                                       \
    server_test_run_all((void (*const[])(struct loop *loop)){__VA_ARGS__},          \
                        sizeof((void (*const[])(struct loop *loop)){__VA_ARGS__}) / \
                            sizeof(void (*)(struct loop * loop)),                   \
                        #__VA_ARGS__)

#define SERVER_TESTS(...)                     \
    int main(void)                            \
    {                                         \
        return SERVER_TESTS_RUN(__VA_ARGS__); \
    }
