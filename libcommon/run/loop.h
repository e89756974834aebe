#pragma once

/*
 * loop: the one thread on which all our code runs. libevent waits; after each round of events the
 * ready tasks run.
 *
 * One loop a process. Everything here is for the loop's thread, but loop_wakeup_ring(). A peer that
 * went away is an error of the write: the loop makes the process ignore SIGPIPE.
 */

#include <event2/event.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/status.h"

struct loop;
struct loop_timer;
struct loop_wakeup;

MUST_USE struct status loop_new(struct loop **ret);
void loop_free(struct loop *loop); /* after loop_run returned */

/* Runs events and tasks until loop_stop. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* For what speaks libevent itself. */
struct event_base *loop_base(struct loop *loop);

/* `fn` runs in the loop when the process gets the signal. For the life of the loop. */
void loop_on_signal(struct loop *loop, int signal, void (*fn)(void *arg), void *arg);

/*
 * Calls `fn` at the end of every round, before the loop may wait: a place to flush what a round
 * gathered.
 */
void loop_on_round_end(struct loop *loop, void (*fn)(void *arg), void *arg);
/* Not from within such a call. */
void loop_off_round_end(struct loop *loop, void (*fn)(void *arg), void *arg);

/* A timer of the owner; `fn` runs once each time it was started. Starting it again moves it. */
MUST_USE struct loop_timer *loop_timer_new(struct loop *loop, void (*fn)(void *arg), void *arg);
void loop_timer_start(struct loop_timer *timer, int64_t after_us);
void loop_timer_stop(struct loop_timer *timer);
void loop_timer_free(struct loop_timer *timer); /* NULL is fine */

/* Lets other threads call into the loop: after any number of rings `fn` runs at least once. */
MUST_USE struct status loop_wakeup_new(struct loop *loop, void (*fn)(void *arg), void *arg,
                                       struct loop_wakeup **ret);
void loop_wakeup_ring(struct loop_wakeup *wakeup);    /* any thread */
int loop_wakeup_fd(const struct loop_wakeup *wakeup); /* an eventfd: writing 8 bytes rings */
void loop_wakeup_free(struct loop_wakeup *wakeup);    /* NULL is fine */

/* A duration as libevent wants it. */
struct timeval loop_timeval(int64_t us);
