#pragma once

/*
 * unit: the frame of a unit test. A test is `static void says_what_it_shows(void **state)`, and
 * UNIT_TESTS(a, b, c) at the end of the file makes the program that runs them.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/attributes.h"
#include "base/status.h"

/* Every test has a `state`, hardly one needs it. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

#define assert_ok(expr)                                                                       \
    do {                                                                                      \
        const struct status unit_status_ = (expr);                                            \
        if (!status_ok(&unit_status_))                                                        \
            fail_msg("%s: %s %s", #expr, unit_status_.reason ? unit_status_.reason : "error", \
                     unit_status_.detail);                                                    \
    } while (0)

#define assert_reason(expr, wanted)                                                    \
    do {                                                                               \
        const struct status unit_status_ = (expr);                                     \
        assert_string_equal(unit_status_.reason ? unit_status_.reason : "OK", wanted); \
    } while (0)

/* Does it end in BUG()? Runs in a process of its own, whose last words are not shown. */
MUST_USE UNUSED static bool unit_aborts(void (*function)(void))
{
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        if (!freopen("/dev/null", "w", stderr))
            _exit(1);
        function();
        _exit(0);
    }
    int how = 0;
    return waitpid(child, &how, 0) == child && WIFSIGNALED(how) && WTERMSIG(how) == SIGABRT;
}

/* `names` is "a, b, c", in the order of `functions`. */
UNUSED static int unit_run(const CMUnitTestFunction *functions, size_t count, const char *names)
{
    struct CMUnitTest *tests = calloc(count, sizeof *tests);
    char *rest = strdup(names);
    char *next = rest;
    for (size_t i = 0; i < count; i++)
        tests[i] =
            (struct CMUnitTest){.name = strsep(&next, ",") + (i > 0), .test_func = functions[i]};

    const int failed = _cmocka_run_group_tests("unit", tests, count, NULL, NULL);
    free(rest);
    free(tests);
    return failed;
}

/* For a program with a main() of its own: runs the tests, returns how many failed. */
#define UNIT_TESTS_RUN(...)                                                                  \
    unit_run((const CMUnitTestFunction[]){__VA_ARGS__},                                      \
             sizeof((const CMUnitTestFunction[]){__VA_ARGS__}) / sizeof(CMUnitTestFunction), \
             #__VA_ARGS__)

#define UNIT_TESTS(...)                     \
    int main(void)                          \
    {                                       \
        return UNIT_TESTS_RUN(__VA_ARGS__); \
    }
