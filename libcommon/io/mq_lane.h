#pragma once

/*
 * mq_lane: the messages of a partition side by side. A message goes to the lane of its key, each
 * lane is a task that handles one after the other. MQ_WINDOW_MAX are in hand at the most; beyond it
 * nothing more is taken out of the partition's queue, which then fetches no more. Internal to
 * mq_partition.
 */

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "io/mq_window.h"

struct mq_partition;
struct task;

struct mq_lane {
    struct mq_lanes *lanes;
    struct task *task;
    rd_kafka_message_t *messages[MQ_WINDOW_MAX]; /* a ring */
    size_t slots[MQ_WINDOW_MAX];                 /* of the window */
    size_t first;
    size_t count;
    bool is_idle;
    bool is_handled; /* the handler is at work */
    bool is_over;
};

struct mq_lanes {
    struct mq_partition *partition;
    struct mq_lane *list;
    size_t count;
    struct mq_window window;
    struct task *giver; /* waits for room */
};

/* `count` 0: none, and the other functions do nothing. */
void mq_lanes_init(struct mq_lanes *lanes, struct mq_partition *partition, size_t count);
/* After mq_lanes_end. */
void mq_lanes_release(struct mq_lanes *lanes);

/* Takes the message over. Waits for room; a partition that is stopped meanwhile handles no more. */
SUSPENDS void mq_lanes_give(struct mq_lanes *lanes, rd_kafka_message_t *message);

/* As mq_partition_stop, _cancel and _end. */
void mq_lanes_stop(struct mq_lanes *lanes);
MUST_USE bool mq_lanes_are_over(const struct mq_lanes *lanes);
void mq_lanes_cancel(struct mq_lanes *lanes);
SUSPENDS void mq_lanes_end(struct mq_lanes *lanes);
