#pragma once

/*
 * rpc_loop: gRPC core inside our loop. Core's one epoll fd is watched by libevent; its completion
 * queue is drained without waiting. For rpc_server, rpc_client and nobody else.
 *
 * Core must be the version whose epoll fd can be found (1.51); with another one, or where it is
 * asked for, a thread waits for core and hands over (rpc_thread.h). In either case our calls to
 * core are made from the loop's thread alone. Nested, writes of one round to the same connection
 * leave as one segment (rpc_seams.c).
 *
 * Source: DESIGN 2 (measured against hand-over by thread and by tick).
 */

#include <grpc/grpc.h>
#include <stdbool.h>

#include "base/attributes.h"
#include "base/status.h"

struct loop;
struct task;

/*
 * The tag of a batch: `fn` runs in the loop when the batch is over; `ok` as in grpc_event.success.
 */
struct rpc_op {
    void (*fn)(struct rpc_op *op, bool ok);
};

/*
 * Once a process, before any other gRPC call; signals that threads must not take are blocked by
 * then.
 */
MUST_USE struct status rpc_loop_start(struct loop *loop, bool by_thread);
/* Everything made of gRPC is destroyed by then. Does nothing when it was not started. */
void rpc_loop_stop(void);

grpc_completion_queue *rpc_loop_queue(void);

/* grpc_call_start_batch whose refusal is a bug. `op` must live until its fn was called. */
void rpc_loop_start_batch(grpc_call *call, const grpc_op *ops, size_t op_count, struct rpc_op *op);

/* Core did something outside of a batch (shutdown, cancel): look at its queue soon. */
void rpc_loop_poke(void);

/* Waits until everything that core has to tell by now was told. */
MUST_USE SUSPENDS struct status rpc_loop_settle(void);

/*
 * Core's timers do not wake its fd, so, nested, it is looked at each 1 ms while calls are in flight, else
 * each 50 ms.
 */
void rpc_loop_call_begins(void);
void rpc_loop_call_ends(void);

/* A batch that a task waits for, whatever happens to the task: end the call to end the wait. */
struct rpc_wait {
    struct rpc_op op;
    struct task *task;
    bool done;
    bool ok;
};

void rpc_wait_init(struct rpc_wait *wait);
/* False when the batch failed. */
SUSPENDS bool rpc_wait_done(struct rpc_wait *wait, const char *what);
/*
 * As above, but returns early (false, wait->done still false) when the task is cancelled or late.
 */
SUSPENDS bool rpc_wait_interruptibly(struct rpc_wait *wait, const char *what);
