#pragma once

/*
 * mq_window: the messages of a partition that are in hand, when they may be finished in another
 * order than they came. What is committed is the offset up to which all are finished. Internal to
 * mq_partition. Pure.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "io/mq.h"

struct mq_window {
    int64_t offsets[MQ_WINDOW_MAX];
    bool is_finished[MQ_WINDOW_MAX];
    size_t first; /* slot of the oldest */
    size_t count;
};

MUST_USE bool mq_window_is_full(const struct mq_window *window);
/* The slot of the message; offsets come in ascending order. Adding to a full window is a bug. */
MUST_USE size_t mq_window_add(struct mq_window *window, int64_t offset);
/* True: `*ret_done` is the offset behind the last message up to which all are finished. */
MUST_USE bool mq_window_finish(struct mq_window *window, size_t slot, int64_t *ret_done);
