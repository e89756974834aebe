#pragma once

/*
 * rpc_thread: the other way of waiting for gRPC core: a thread that blocks on the completion queue
 * and hands completions over to the loop. For rpc_loop and nobody else. It costs more than half of
 * the speed (docs/adr/0001) and rests on nothing that core does not promise.
 */

#include <grpc/grpc.h>

#include "base/attributes.h"
#include "base/status.h"

struct loop;

/* `handed` is called in the loop after completions were handed over and their functions ran. */
MUST_USE struct status rpc_thread_start(struct loop *loop, grpc_completion_queue *queue,
                                        void (*handed)(void));
/* The loop looks soon, also when there is nothing. */
void rpc_thread_poke(void);
/* The queue was shut down: waits for its end, runs what was left. */
void rpc_thread_stop(void);
