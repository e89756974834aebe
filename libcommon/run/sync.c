#include "run/sync.h"

#include "base/mem.h"
#include "run/task.h"

struct waiter {
    struct task *task;
    struct waiter *next;
    bool woken;
    bool served; /* of a channel: `item` was taken, or is there */
    void *item;
};

static void append(struct wait_queue *queue, struct waiter *waiter)
{
    if (queue->last)
        queue->last->next = waiter;
    else
        queue->first = waiter;
    queue->last = waiter;
}

static void leave(struct wait_queue *queue, const struct waiter *waiter)
{
    struct waiter *before = NULL;
    struct waiter *here = queue->first;

    while (here != waiter) {
        before = here;
        here = here->next;
    }
    if (before)
        before->next = here->next;
    else
        queue->first = here->next;
    if (queue->last == here)
        queue->last = before;
}

static struct status stand_in_line(struct wait_queue *queue, struct waiter *self, const char *what)
{
    self->task = task_self();
    append(queue, self);
    while (!self->woken) {
        const struct status st = task_park(what);
        if (!status_ok(&st) && !self->woken) {
            leave(queue, self);
            return st;
        }
    }
    return STATUS_OK;
}

/* Takes the first out of the line and wakes it; NULL when there is none. */
static struct waiter *call_first(struct wait_queue *queue)
{
    struct waiter *first = queue->first;

    if (!first)
        return NULL;
    queue->first = first->next;
    if (!queue->first)
        queue->last = NULL;
    first->woken = true;
    task_wake(first->task);
    return first;
}

struct status wait_queue_wait(struct wait_queue *queue, const char *what)
{
    struct waiter self = {0};
    return stand_in_line(queue, &self, what);
}

bool wait_queue_wake_one(struct wait_queue *queue)
{
    return call_first(queue);
}

void wait_queue_wake_all(struct wait_queue *queue)
{
    while (wait_queue_wake_one(queue)) {
    }
}

bool wait_queue_is_empty(const struct wait_queue *queue)
{
    return !queue->first;
}

void semaphore_init(struct semaphore *semaphore, size_t permits)
{
    *semaphore = (struct semaphore){.free = permits};
}

bool semaphore_try_acquire(struct semaphore *semaphore)
{
    if (!semaphore->free)
        return false;
    semaphore->free--;
    return true;
}

/* A released permit goes straight to the first in line, so nobody can overtake it. */
struct status semaphore_acquire(struct semaphore *semaphore, const char *what)
{
    if (semaphore_try_acquire(semaphore))
        return STATUS_OK;
    return wait_queue_wait(&semaphore->waiting, what);
}

void semaphore_release(struct semaphore *semaphore)
{
    if (!wait_queue_wake_one(&semaphore->waiting))
        semaphore->free++;
}

void channel_init(struct channel *channel, size_t capacity)
{
    BUG_ON(!capacity);
    *channel = (struct channel){
        .items = mem_calloc(capacity, sizeof *channel->items),
        .capacity = capacity,
    };
}

void channel_release(struct channel *channel)
{
    BUG_ON(!wait_queue_is_empty(&channel->senders) || !wait_queue_is_empty(&channel->receivers));
    mem_free(channel->items);
    *channel = (struct channel){0};
}

static struct status closed(void)
{
    return status_error(CODE_UNAVAILABLE, "CHANNEL_CLOSED", "the channel is closed");
}

static void push(struct channel *channel, void *item)
{
    channel->items[(channel->head + channel->count) % channel->capacity] = item;
    channel->count++;
}

/*
 * Items go from hand to hand, so that nobody overtakes a line: receivers wait only at an empty
 * channel, senders only at a full one.
 */
bool channel_try_send(struct channel *channel, void *item)
{
    if (channel->closed || channel->count == channel->capacity)
        return false;
    struct waiter *receiver = call_first(&channel->receivers);
    if (receiver) {
        receiver->item = item;
        receiver->served = true;
    } else {
        push(channel, item);
    }
    return true;
}

struct status channel_send(struct channel *channel, void *item)
{
    struct waiter self = {.item = item};

    if (channel_try_send(channel, item))
        return STATUS_OK;
    if (channel->closed)
        return closed();
    TRY(stand_in_line(&channel->senders, &self, "channel send"));
    return self.served ? STATUS_OK : closed();
}

bool channel_try_receive(struct channel *channel, void **ret)
{
    if (!channel->count)
        return false;
    *ret = channel->items[channel->head];
    channel->head = (channel->head + 1) % channel->capacity;
    channel->count--;
    struct waiter *sender = call_first(&channel->senders);
    if (sender) {
        push(channel, sender->item);
        sender->served = true;
    }
    return true;
}

struct status channel_receive(struct channel *channel, void **ret)
{
    struct waiter self = {0};

    if (channel_try_receive(channel, ret))
        return STATUS_OK;
    if (channel->closed)
        return closed();
    TRY(stand_in_line(&channel->receivers, &self, "channel receive"));
    if (!self.served)
        return closed();
    *ret = self.item;
    return STATUS_OK;
}

void channel_close(struct channel *channel)
{
    channel->closed = true;
    wait_queue_wake_all(&channel->senders);
    wait_queue_wake_all(&channel->receivers);
}
