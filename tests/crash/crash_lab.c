/*
 * crash_lab HOW: a process with two tasks that wait, and one that comes to grief: overflow, bug,
 * segv, abort, thread (a thread beside the loop crashes), stall, turn (nothing goes wrong).
 */
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "observe/log.h"
#include "observe/trace.h"
#include "run/loop.h"
#include "run/loop_watch.h"
#include "run/task.h"

/* Longer than a busy machine keeps a thread waiting that could run. */
enum { STALL_LIMIT_MS = 1000, ROUNDS = 3 };

static struct loop *loop;
static const char *how;

static void wait_for_ever(void *arg)
{
    const char *what = arg;

    trace_set_request_id(trace_current(), "r-17");
    while (task_park(what).code == CODE_OK) {
    }
}

/* 255 frames of 2 KiB, more than a stack has. */
static unsigned dig(const unsigned char *above)
{
    unsigned char here[2048];

    if (above[0] == UCHAR_MAX)
        return 0;
    memset(here, above[0] + 1, sizeof here);
    return dig(here) + here[above[1]];
}

static void *crash_there(void *arg)
{
    (void)arg;
    raise(SIGSEGV);
    return NULL;
}

static void crash_in_thread(void)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, crash_there, NULL) == 0)
        pthread_join(thread, NULL);
}

static void hold_up_the_loop(void)
{
    const int64_t until_us = clock_mono_us() + ROUNDS * STALL_LIMIT_MS * CLOCK_US_PER_MS;

    while (clock_mono_us() < until_us) {
    }
}

static void turn_for_a_while(void)
{
    for (int i = 0; i < ROUNDS; i++)
        status_ignore(task_sleep_us(STALL_LIMIT_MS * CLOCK_US_PER_MS), "no deadline");
}

static void come_to_grief(void *arg)
{
    unsigned char ground[2] = {0};
    (void)arg;

    if (strcmp(how, "overflow") == 0)
        printf("%u\n", dig(ground));
    else if (strcmp(how, "bug") == 0)
        BUG("the lab was told to");
    else if (strcmp(how, "segv") == 0)
        raise(SIGSEGV);
    else if (strcmp(how, "abort") == 0)
        abort();
    else if (strcmp(how, "thread") == 0)
        crash_in_thread();
    else if (strcmp(how, "stall") == 0)
        hold_up_the_loop();
    turn_for_a_while();
    _Exit(0);
}

int main(int argc, char **argv)
{
    struct loop_watch *watch;
    struct status st;

    how = argc > 1 ? argv[1] : "turn";
    log_init("lab", LOG_INFO);
    st = loop_new(&loop);
    if (status_ok(&st))
        st = loop_watch_start(loop, STALL_LIMIT_MS, &watch);
    if (!status_ok(&st) || !task_go("first", wait_for_ever, "the end of days") ||
        !task_go("second", wait_for_ever, "a better world") ||
        !task_go("unlucky", come_to_grief, NULL))
        return 2;
    loop_run(loop);
    return 0;
}
