#include "io/rpc_loop.h"

#include <event2/event.h>
#include <grpc/support/log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "io/rpc_seams.h"
#include "io/rpc_thread.h"
#include "observe/log.h"
#include "run/loop.h"
#include "run/task.h"

enum {
    DRAIN_MAX = 64,      /* completions before tasks get their turn */
    EMPTY_POLLS_MAX = 2, /* core may need a second look to finish what the first began */
    TICK_BUSY_US = 1000,
    TICK_IDLE_US = 50 * 1000,
};

/* Core says it once a process, so core is initialised once and never shut down. */
static int core_epoll_fd = -1;

static struct {
    struct loop *loop;
    grpc_completion_queue *queue;
    bool by_thread;
    struct event *readable;
    struct event *tick;
    int64_t tick_us;
    size_t calls;
    uint64_t emptied; /* so often was the queue found empty */
    bool dirty;       /* core has been given work since its queue was empty */
} core;

/* Core tells its epoll fd in a log line at start, and nowhere else. */
static void on_core_log(gpr_log_func_args *args)
{
    static const char words[] = "grpc epoll fd: ";

    if (core_epoll_fd < 0 && str_starts_with(args->message, words))
        core_epoll_fd = (int)strtol(args->message + strlen(words), NULL, 10);
    else if (args->severity == GPR_LOG_SEVERITY_ERROR)
        log_warn("grpc core", LOG_STR("text", args->message));
}

static void drain(void)
{
    int empty_polls = 0;
    int done = 0;

    core.dirty = false;
    while (empty_polls < EMPTY_POLLS_MAX && done < DRAIN_MAX) {
        const grpc_event event =
            grpc_completion_queue_next(core.queue, gpr_inf_past(GPR_CLOCK_MONOTONIC), NULL);
        if (event.type != GRPC_OP_COMPLETE) {
            empty_polls++;
            continue;
        }
        struct rpc_op *op = event.tag;
        empty_polls = 0;
        done++;
        op->fn(op, event.success);
    }
    if (done == DRAIN_MAX)
        core.dirty = true;
    else
        core.emptied++;
}

static void set_tick(void)
{
    const int64_t tick_us = core.calls ? TICK_BUSY_US : TICK_IDLE_US;
    const struct timeval period = loop_timeval(tick_us);

    if (tick_us == core.tick_us)
        return;
    core.tick_us = tick_us;
    event_add(core.tick, &period);
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    drain();
}

/*
 * Tasks have run and started batches; their completions and held-back writes must not wait for an
 * event.
 */
static void on_round_end(void *arg)
{
    (void)arg;
    if (core.dirty)
        drain();
    rpc_seams_flush();
    set_tick();
    if (core.dirty)
        event_active(core.readable, EV_READ, 0);
}

static void init_core(void)
{
    setenv("GRPC_CLIENT_CHANNEL_BACKUP_POLL_INTERVAL_MS", "0", 0); /* we poll */
    gpr_set_log_function(on_core_log);
    gpr_set_log_verbosity(GPR_LOG_SEVERITY_INFO);
    grpc_init();
    gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);
}

static void nest(void)
{
    struct event_base *base = loop_base(core.loop);

    rpc_seams_start(core_epoll_fd);
    core.readable = event_new(base, core_epoll_fd, EV_READ | EV_PERSIST, on_event, NULL);
    core.tick = event_new(base, -1, EV_PERSIST, on_event, NULL);
    event_add(core.readable, NULL);
    set_tick();
    loop_on_round_end(core.loop, on_round_end, NULL);
}

/* The queue was shut down. */
static void unnest(void)
{
    loop_off_round_end(core.loop, on_round_end, NULL);
    for (;;) {
        const grpc_event event =
            grpc_completion_queue_next(core.queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
        if (event.type == GRPC_QUEUE_SHUTDOWN)
            break;
        struct rpc_op *op = event.tag;
        op->fn(op, event.success);
    }
    event_free(core.readable);
    event_free(core.tick);
}

static void on_handed(void)
{
    core.emptied++;
}

static struct status start_thread(void)
{
    rpc_seams_start(RPC_SEAMS_SHED_ONLY);
    const struct status st = rpc_thread_start(core.loop, core.queue, on_handed);

    if (!status_ok(&st)) {
        grpc_completion_queue_shutdown(core.queue);
        grpc_completion_queue_destroy(core.queue);
        rpc_seams_stop();
        memset(&core, 0, sizeof core);
    }
    return st;
}

struct status rpc_loop_start(struct loop *loop, bool by_thread)
{
    static bool is_initialised;

    BUG_ON(core.loop);
    if (!is_initialised)
        init_core();
    is_initialised = true;
    if (core_epoll_fd < 0 && !by_thread)
        log_warn("this gRPC core hides its epoll fd, a thread waits for it",
                 LOG_STR("version", grpc_version_string()));

    core.loop = loop;
    core.queue = grpc_completion_queue_create_for_next(NULL);
    core.by_thread = by_thread || core_epoll_fd < 0;
    if (core.by_thread)
        return start_thread();
    nest();
    return STATUS_OK;
}

void rpc_loop_stop(void)
{
    if (!core.loop)
        return;
    grpc_completion_queue_shutdown(core.queue);
    if (core.by_thread)
        rpc_thread_stop();
    else
        unnest();
    grpc_completion_queue_destroy(core.queue);
    rpc_seams_stop();
    memset(&core, 0, sizeof core);
}

grpc_completion_queue *rpc_loop_queue(void)
{
    return core.queue;
}

void rpc_loop_start_batch(grpc_call *call, const grpc_op *ops, size_t op_count, struct rpc_op *op)
{
    const grpc_call_error error = grpc_call_start_batch(call, ops, op_count, op, NULL);
    if (error != GRPC_CALL_OK)
        BUG("grpc_call_start_batch: %s", grpc_call_error_to_string(error));
    core.dirty = true;
}

void rpc_loop_poke(void)
{
    if (core.by_thread) {
        rpc_thread_poke();
        return;
    }
    core.dirty = true;
    event_active(core.readable, EV_READ, 0);
}

struct status rpc_loop_settle(void)
{
    const uint64_t before = core.emptied;

    rpc_loop_poke();
    while (core.emptied == before)
        TRY(task_yield());
    return STATUS_OK;
}

void rpc_loop_call_begins(void)
{
    core.calls++;
}

void rpc_loop_call_ends(void)
{
    core.calls--;
}

static void on_waited(struct rpc_op *op, bool ok)
{
    struct rpc_wait *wait = CONTAINER_OF(op, struct rpc_wait, op);

    wait->done = true;
    wait->ok = ok;
    if (wait->task)
        task_wake(wait->task);
}

void rpc_wait_init(struct rpc_wait *wait)
{
    *wait = (struct rpc_wait){.op.fn = on_waited};
}

bool rpc_wait_interruptibly(struct rpc_wait *wait, const char *what)
{
    struct status st = STATUS_OK;

    wait->task = task_self();
    while (!wait->done && status_ok(&st))
        st = task_park(what);
    wait->task = NULL;
    return wait->done && wait->ok;
}

bool rpc_wait_done(struct rpc_wait *wait, const char *what)
{
    enum { LONGER_THAN_CORE_TAKES_US = 60 * 1000 * 1000 };
    AUTO(task_shield_end)
    struct task_shield shield = task_shield_in_us(LONGER_THAN_CORE_TAKES_US);

    rpc_wait_interruptibly(wait, what);
    if (!wait->done)
        BUG("gRPC core did not end a batch: %s", what);
    return wait->ok;
}
