#include "io/rpc_thread.h"

#include <pthread.h>
#include <signal.h>

#include "base/mem.h"
#include "io/rpc_loop.h"
#include "run/loop.h"

struct completion {
    struct rpc_op *op;
    bool ok;
};

struct completions {
    struct completion *list;
    size_t count;
    size_t capacity;
};

static struct {
    grpc_completion_queue *queue;
    void (*handed)(void);
    struct loop_wakeup *wakeup;
    pthread_t thread;
    pthread_mutex_t lock;
    struct completions waiting; /* under the lock; as many as there are batches in flight */
    struct completions taken;   /* the loop's */
} hand_over = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void add(struct completions *to, const grpc_event *event)
{
    if (to->count == to->capacity) {
        to->capacity = to->capacity ? 2 * to->capacity : 64;
        to->list = mem_realloc(to->list, to->capacity * sizeof *to->list);
    }
    to->list[to->count++] = (struct completion){.op = event->tag, .ok = event->success};
}

/*
 * What core finished together is handed over together: the notices of the end of a call come with
 * the last message that it had.
 */
static bool hand_over_next(void)
{
    const gpr_timespec now = gpr_inf_past(GPR_CLOCK_MONOTONIC);
    grpc_event event =
        grpc_completion_queue_next(hand_over.queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);

    pthread_mutex_lock(&hand_over.lock);
    while (event.type == GRPC_OP_COMPLETE) {
        add(&hand_over.waiting, &event);
        event = grpc_completion_queue_next(hand_over.queue, now, NULL);
    }
    pthread_mutex_unlock(&hand_over.lock);
    loop_wakeup_ring(hand_over.wakeup);
    return event.type != GRPC_QUEUE_SHUTDOWN;
}

static void *wait_for_core(void *arg)
{
    while (hand_over_next()) {
    }
    return arg;
}

static void run_waiting(void *arg)
{
    struct completions *taken = &hand_over.taken;
    (void)arg;

    pthread_mutex_lock(&hand_over.lock);
    const struct completions empty = *taken;
    *taken = hand_over.waiting;
    hand_over.waiting = empty;
    pthread_mutex_unlock(&hand_over.lock);
    for (size_t i = 0; i < taken->count; i++)
        taken->list[i].op->fn(taken->list[i].op, taken->list[i].ok);
    taken->count = 0;
    hand_over.handed();
}

/* Signals are the loop's. */
static int start_thread(void)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int error = pthread_create(&hand_over.thread, NULL, wait_for_core, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

struct status rpc_thread_start(struct loop *loop, grpc_completion_queue *queue,
                               void (*handed)(void))
{
    hand_over.queue = queue;
    hand_over.handed = handed;
    TRY(loop_wakeup_new(loop, run_waiting, NULL, &hand_over.wakeup));
    if (start_thread() != 0) {
        loop_wakeup_free(hand_over.wakeup);
        return status_error(CODE_RESOURCE_EXHAUSTED, "INTERNAL", "no thread for gRPC");
    }
    return STATUS_OK;
}

void rpc_thread_poke(void)
{
    loop_wakeup_ring(hand_over.wakeup);
}

void rpc_thread_stop(void)
{
    pthread_join(hand_over.thread, NULL);
    while (hand_over.waiting.count)
        run_waiting(NULL);
    loop_wakeup_free(hand_over.wakeup);
    mem_free(hand_over.waiting.list);
    mem_free(hand_over.taken.list);
    hand_over.waiting = hand_over.taken = (struct completions){0};
}
