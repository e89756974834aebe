#pragma once

/*
 * sync: tasks that wait for each other. First come, first served; waits end at the task's deadline.
 *
 * All of it belongs to the loop's thread. Structs are the owner's storage; nothing may wait on one
 * that is released.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "base/status.h"

struct waiter;

/* Tasks in line. What they wait for is the owner's to say. */
struct wait_queue {
    struct waiter *first;
    struct waiter *last;
};

/*
 * Stands in line until woken. CANCELLED, DEADLINE_EXCEEDED: left the line; no wake was lost on it.
 */
MUST_USE SUSPENDS struct status wait_queue_wait(struct wait_queue *queue, const char *what);
/* Wakes the first in line; false when there is none. */
bool wait_queue_wake_one(struct wait_queue *queue);
void wait_queue_wake_all(struct wait_queue *queue);
MUST_USE bool wait_queue_is_empty(const struct wait_queue *queue);

/* So many may pass at once. */
struct semaphore {
    size_t free;
    struct wait_queue waiting;
};

void semaphore_init(struct semaphore *semaphore, size_t permits);
MUST_USE SUSPENDS struct status semaphore_acquire(struct semaphore *semaphore, const char *what);
MUST_USE bool semaphore_try_acquire(struct semaphore *semaphore);
void semaphore_release(struct semaphore *semaphore);

/*
 * A bounded queue of pointers between tasks. Items left in a channel at its end belong to whoever
 * releases it (channel_try_receive until empty).
 */
struct channel {
    void **items;
    size_t capacity;
    size_t count;
    size_t head;
    bool closed;
    struct wait_queue senders;
    struct wait_queue receivers;
};

void channel_init(struct channel *channel, size_t capacity);
void channel_release(struct channel *channel);
/* UNAVAILABLE CHANNEL_CLOSED after channel_close. */
MUST_USE SUSPENDS struct status channel_send(struct channel *channel, void *item);
MUST_USE bool channel_try_send(struct channel *channel, void *item);
/* What was sent before the close is still received; then UNAVAILABLE CHANNEL_CLOSED. */
MUST_USE SUSPENDS struct status channel_receive(struct channel *channel, void **ret);
MUST_USE bool channel_try_receive(struct channel *channel, void **ret);
void channel_close(struct channel *channel);
