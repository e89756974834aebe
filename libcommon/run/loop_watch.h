#pragma once

/*
 * loop_watch: a thread that notices when the loop does not turn, because some task or callback
 * keeps it, and logs who: the task's name, its request and where it is (addresses for addr2line).
 * One line when a stall is noticed, one when it is over.
 */

#include <stdint.h>

#include "base/attributes.h"
#include "base/status.h"

struct loop;
struct loop_watch;

/*
 * Called on the loop's thread. A stall of `limit_ms` is noticed, at the latest a quarter of that
 * later.
 */
MUST_USE struct status loop_watch_start(struct loop *loop, int64_t limit_ms,
                                        struct loop_watch **ret);
void loop_watch_stop(struct loop_watch *watch); /* NULL is fine */
